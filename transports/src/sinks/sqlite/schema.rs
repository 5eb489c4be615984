//! Opening a store: whose it is, which version, and what its tables are.

use std::{
    fmt, fs,
    io::ErrorKind,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::State;
use crate::{pool::fork, sink::SinkError};

/// `PRAGMA application_id` of every store: "trks".
pub(super) const APPLICATION_ID: i64 = 0x7472_6b73;

/// Each entry leads from the version of its index to the next; `PRAGMA user_version` counts them.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE hit (
        id BLOB NOT NULL PRIMARY KEY,   -- UUID v7, 16 bytes
        at INTEGER NOT NULL,            -- microseconds since the Unix epoch
        kind TEXT NOT NULL,             -- page, event, download, not-found, search
        site TEXT NOT NULL,             -- host name in lower case
        path TEXT NOT NULL,             -- percent-encoded, as asked for
        status INTEGER,                 -- none: an event outside an exchange
        visitor BLOB,                   -- UUID, 16 bytes
        session INTEGER,                -- its start, seconds since the Unix epoch
        referrer TEXT,
        secure INTEGER NOT NULL,        -- 1: by https
        method TEXT,
        query TEXT,                     -- what privacy.query keeps
        agent TEXT,
        language TEXT,
        ip TEXT,                        -- what the ip policy allows
        is_new INTEGER NOT NULL,        -- 1: this exchange gave the visitor its id
        first_visit INTEGER,            -- seconds since the Unix epoch
        user_id TEXT,
        title TEXT,
        route TEXT,
        name TEXT,                      -- of the event, as are category, label and value
        category TEXT,
        label TEXT,
        value REAL,
        properties TEXT                 -- a JSON object
    ) STRICT;
    CREATE INDEX hit_at ON hit (at);
    CREATE INDEX hit_visitor ON hit (visitor) WHERE visitor IS NOT NULL;
",
    // What workers find out. SQLite keeps no comments of columns that are added: bot is the class of the program
    // that sent the request, none for a person's browser; bot_name, bot_operator and bot_purpose (training, search,
    // person, other) say more of it; channel and source by which way the visitor came; the campaign's columns what
    // the query says, campaign_click the name of the click id's parameter.
    "
    ALTER TABLE hit ADD COLUMN bot TEXT;
    ALTER TABLE hit ADD COLUMN bot_name TEXT;
    ALTER TABLE hit ADD COLUMN bot_operator TEXT;
    ALTER TABLE hit ADD COLUMN bot_purpose TEXT;
    ALTER TABLE hit ADD COLUMN channel TEXT;
    ALTER TABLE hit ADD COLUMN source TEXT;
    ALTER TABLE hit ADD COLUMN campaign_source TEXT;
    ALTER TABLE hit ADD COLUMN campaign_medium TEXT;
    ALTER TABLE hit ADD COLUMN campaign_name TEXT;
    ALTER TABLE hit ADD COLUMN campaign_term TEXT;
    ALTER TABLE hit ADD COLUMN campaign_content TEXT;
    ALTER TABLE hit ADD COLUMN campaign_id TEXT;
    ALTER TABLE hit ADD COLUMN campaign_click TEXT;
",
    // Where the visitor is: codes of ISO 3166-1 and of ISO 3166-2 behind the country's, and a name. Then what may be
    // known of the visitor, 1 or 0: the id is one of the day; no third party may have the hit; ads were allowed. None:
    // stored before there were these columns.
    "
    ALTER TABLE hit ADD COLUMN country TEXT;
    ALTER TABLE hit ADD COLUMN region TEXT;
    ALTER TABLE hit ADD COLUMN city TEXT;
    ALTER TABLE hit ADD COLUMN cookieless INTEGER;
    ALTER TABLE hit ADD COLUMN confined INTEGER;
    ALTER TABLE hit ADD COLUMN ads INTEGER;
",
    // Visitors come in no order: where there were many, each hit wrote another page of this index, which took four times
    // as long as all the rest of it. It was for those who are to be forgotten.
    "
    DROP INDEX hit_visitor;
",
];

/// Makes a store as that version did.
#[cfg(test)]
pub(super) fn make(store: &Connection, version: usize) {
    MIGRATIONS[..version].iter().for_each(|sql| store.execute_batch(sql).unwrap());
    store.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    store.pragma_update(None, "user_version", version as i64).unwrap();
}

/// How long a lock is waited for.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// The store at `path`, made or migrated if need be, ready to be written.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let is_made = !path.exists();
    let mut connection = connect(path, flags)?;
    // Before anything is changed: the file may be another program's.
    let version = version(&connection.transaction()?)?;
    if is_made {
        keep_to_owner(path);
    }
    // SQLite opens a file that it may not write for reading, without a word.
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(StoreError::ReadOnly);
    }
    let is_wal = switch_to_wal(&connection)?;
    // What is deleted is written over with zeros: free pages hold nothing of it.
    connection.query_row("PRAGMA secure_delete = ON", (), |_| Ok(()))?;
    if version < MIGRATIONS.len() {
        migrate(&mut connection)?;
    }
    if is_wal {
        // In WAL mode a power cut loses the last transactions at most, and damages nothing.
        connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    }
    Ok(connection)
}

/// Lets nobody but its owner read a store that was just made. Its log and their index get its mode from SQLite.
///
/// By its path: to open it, and close it again, would give up the locks that SQLite has on it in this process.
fn keep_to_owner(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Some file systems have no modes.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).ok();
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The store at `path`, for reading.
pub(super) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        // Opening a pipe would wait for somebody to write there.
        Ok(_) => return Err(StoreError::NoFile),
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(StoreError::Missing),
        // SQLite says why.
        Err(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    let version = version(&connection.transaction()?)?;
    if version == 0 {
        return Err(StoreError::Empty);
    }
    if version < MIGRATIONS.len() {
        // Of an earlier version: reading it brings it up to this one.
        drop(connection);
        return open(path);
    }
    Ok(connection)
}

/// What stands at `path`, which can be written; nothing of it is changed.
pub(super) fn look(path: &Path) -> Result<State, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(StoreError::NoFile),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(State::Missing),
        // SQLite says why.
        Err(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connect(path, flags)?;
    let version = version(&connection.transaction()?)?;
    if connection.is_readonly(rusqlite::MAIN_DB)? {
        return Err(StoreError::ReadOnly);
    }
    if version == MIGRATIONS.len() {
        super::sink::probe(&connection)?;
        return Ok(State::Ready);
    }
    connection.transaction_with_behavior(TransactionBehavior::Immediate)?.rollback()?;
    Ok(if version == 0 { State::Empty } else { State::Earlier })
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    if !fork::may_open(path) {
        return Err(StoreError::Inherited);
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// The schema's version; 0 for a database with nothing in it. In a transaction, so that another process'
/// migration is seen whole or not at all.
fn version(transaction: &Transaction<'_>) -> Result<usize, StoreError> {
    let number = |sql| transaction.query_row(sql, (), |row| row.get::<_, i64>(0));
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    match usize::try_from(version) {
        Ok(0) if application == 0 && objects == 0 => Ok(0),
        Ok(known @ 1..) if application == APPLICATION_ID && known <= MIGRATIONS.len() => Ok(known),
        _ if application == APPLICATION_ID => Err(StoreError::Version(version)),
        _ => Err(StoreError::Foreign),
    }
}

/// Whether the store is now in WAL mode, where readers and a writer do not wait for each other. Some
/// file systems cannot. The switch does not wait for locks by itself.
fn switch_to_wal(connection: &Connection) -> Result<bool, StoreError> {
    let deadline = Instant::now() + BUSY;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", (), |row| row.get::<_, String>(0)) {
            Ok(mode) => return Ok(mode == "wal"),
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let migration = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Again, now that nobody else can migrate.
    for sql in MIGRATIONS.iter().skip(version(&migration)?) {
        migration.execute_batch(sql)?;
    }
    migration.pragma_update(None, "application_id", APPLICATION_ID)?;
    migration.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    migration.commit()?;
    Ok(())
}

/// Why a store cannot be used.
#[derive(Debug)]
pub(super) enum StoreError {
    /// There is nothing in it.
    Empty,
    /// It is another program's.
    Foreign,
    /// So many hits were deleted before this came up.
    HalfForgotten(u64, Box<Self>),
    /// It was open when this process was forked.
    Inherited,
    /// There is no file.
    Missing,
    /// There is a folder, a pipe or a device.
    NoFile,
    /// Somebody reads it, and has done for too long.
    Read,
    /// It may be read, not written.
    ReadOnly,
    Sqlite(rusqlite::Error),
    /// It is a store, of a version that is not known here.
    Version(i64),
}

impl StoreError {
    /// Whether somebody else holds a lock: waiting helps.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if is_busy(error))
    }

    pub(super) fn at(&self, path: &Path) -> SinkError {
        SinkError::new(format!("store `{}`: {self}", path.display()))
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ReadOnly) => Self::ReadOnly,
            _ => Self::Sqlite(error),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = match self {
            Self::Empty => return f.write_str("it holds nothing yet; no hit was ever stored in it"),
            Self::Foreign => {
                return f
                    .write_str("it is another program's database and stays as it is; name another `path`");
            }
            Self::HalfForgotten(hits, error) => {
                return write!(
                    f,
                    "{error}; {hits} hits were deleted before that, and the others stay until this is done again"
                );
            }
            Self::Inherited => {
                return f.write_str(
                    "it was being written when this process was forked, and must not be opened here; fork before \
                     hits are sent, or start a new program",
                );
            }
            Self::Read => return f.write_str("another process has been reading it for too long"),
            Self::Missing => return f.write_str("there is no such file"),
            Self::NoFile => return f.write_str("it is no file; name the database itself"),
            Self::ReadOnly => {
                return f.write_str(
                    "it may be read but not written; make the file and its folder writable, or name another \
                     `path`",
                );
            }
            Self::Version(found) => {
                return write!(
                    f,
                    "its schema has version {found}, this trackside knows 1 to {}; use the version that made \
                     it, or name another `path`",
                    MIGRATIONS.len()
                );
            }
            Self::Sqlite(error) => error,
        };
        let way_out = match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen) => "see that its folder exists and may be written",
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "another process holds its lock",
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                "it is damaged or no database; put a copy in its place, or move it away"
            }
            Some(ErrorCode::DiskFull) => "make room on its disk",
            _ => return error.fmt(f),
        };
        write!(f, "{error}; {way_out}")
    }
}
