use std::path::Path;

use rusqlite::Connection;
use uuid::Uuid;

/// A hit as it stands in the store.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    /// Microseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) kind: String,
    pub(crate) site: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) visitor: Option<Uuid>,
    pub(crate) session: Option<u64>,
    pub(crate) is_new: bool,
    pub(crate) first_visit: Option<u64>,
    pub(crate) ip: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) value: Option<f64>,
}

/// The rows of the store at `path`, in the order of their times; none if there is no store yet.
pub(crate) fn rows(path: &Path) -> Vec<Row> {
    if !path.exists() {
        return Vec::new();
    }
    let connection = Connection::open(path).unwrap();
    let mut select = connection
        .prepare(
            "SELECT id, at, kind, site, path, query, status, visitor, session, is_new, first_visit, ip, title,
                 route, name, value
             FROM hit ORDER BY at, id",
        )
        .unwrap();
    let uuid = |bytes: Vec<u8>| Uuid::from_slice(&bytes).unwrap();
    let rows = select.query_map((), |row| {
        Ok(Row {
            id: uuid(row.get("id")?),
            at: row.get::<_, i64>("at")?.cast_unsigned(),
            kind: row.get("kind")?,
            site: row.get("site")?,
            path: row.get("path")?,
            query: row.get("query")?,
            status: row.get("status")?,
            visitor: row.get::<_, Option<_>>("visitor")?.map(uuid),
            session: row.get::<_, Option<i64>>("session")?.map(i64::cast_unsigned),
            is_new: row.get("is_new")?,
            first_visit: row.get::<_, Option<i64>>("first_visit")?.map(i64::cast_unsigned),
            ip: row.get("ip")?,
            title: row.get("title")?,
            route: row.get("route")?,
            name: row.get("name")?,
            value: row.get("value")?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The paths of `rows`, in the order of their letters.
pub(crate) fn paths(rows: &[Row]) -> Vec<String> {
    let mut paths: Vec<_> = rows.iter().map(|row| row.path.clone()).collect();
    paths.sort();
    paths
}
