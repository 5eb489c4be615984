use std::{
    fmt,
    sync::{Mutex, TryLockError},
};

use trackside_core::{Config, visitor::DailyKey};

use super::{Keys, format::Ring, slots::Slots};
use crate::{entropy::Entropy, pool::fork::PerProcess};

/// Keys made of a secret and the day. With that of the configuration they are for hosts whose processes share no
/// disk; whoever has the secret can make the key of any day, so that no id of it is ever out of reach.
#[derive(Debug)]
pub struct DerivedKeys {
    secret: Secret,
    slots: Slots,
    /// Who writes the slots. A fork may leave it taken.
    writes: PerProcess<Mutex<()>>,
}

enum Secret {
    Configured(Box<Config>),
    Random([u8; 64]),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secret {
    fn key(&self, day: u64) -> Option<DailyKey> {
        match self {
            Self::Configured(config) => config.derived_key(day).map(DailyKey),
            Self::Random(secret) => Some(DailyKey::derived(secret, day)),
        }
    }
}

impl DerivedKeys {
    /// The keys of the configuration's `visitor.secret`; none at all, if `visitor.keys` is not `"derived"`.
    pub fn new(config: Config) -> Self {
        Self::of(Secret::Configured(Box::new(config)))
    }

    /// Keys of this tracker alone, which end with it: of a secret that `entropy` draws.
    pub fn random(entropy: &dyn Entropy) -> Self {
        Self::of(Secret::Random(entropy.draw()))
    }

    fn of(secret: Secret) -> Self {
        Self { secret, slots: Slots::default(), writes: PerProcess::new() }
    }

    #[cold]
    fn derive(&self, today: u64) -> Option<DailyKey> {
        let key = self.secret.key(today)?;
        let tomorrow = self.secret.key(today.saturating_add(1))?;
        let taken = self.writes.get(Mutex::default).try_lock();
        // One that is at it does the same.
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            self.slots.put(&Ring::of([(today, key.0), (today + 1, tomorrow.0)]));
        }
        Some(key)
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
