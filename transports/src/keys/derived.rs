use std::sync::{Mutex, TryLockError};

use trackside_core::{Config, visitor::DailyKey};

use super::{Keys, format::Ring, slots::Slots};
use crate::pool::fork::PerProcess;

/// Ring made of `visitor.secret` and the day: for hosts whose processes share no disk. Whoever has the secret
/// can make the key of any day, so that no id of it is ever out of reach.
#[derive(Debug)]
pub struct DerivedKeys {
    config: Config,
    slots: Slots,
    /// Who writes the slots. A fork may leave it taken.
    writes: PerProcess<Mutex<()>>,
}

impl DerivedKeys {
    /// The keys of the configuration's secret; none at all, if `visitor.keys` is not `"derived"`.
    pub fn new(config: Config) -> Self {
        Self { config, slots: Slots::default(), writes: PerProcess::new() }
    }

    #[cold]
    fn derive(&self, today: u64) -> Option<DailyKey> {
        let key = self.config.derived_key(today)?;
        let tomorrow = self.config.derived_key(today.saturating_add(1))?;
        let taken = self.writes.get(Mutex::default).try_lock();
        // One that is at it does the same.
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            self.slots.put(&Ring::of([(today, key), (today + 1, tomorrow)]));
        }
        Some(DailyKey(key))
    }
}

impl Keys for DerivedKeys {
    fn key(&self, day: u64) -> Option<DailyKey> {
        match self.slots.get(day) {
            None => self.derive(day),
            key => key,
        }
    }
}
