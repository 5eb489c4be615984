use std::time::Duration;

use super::Known;

/// Where a known visitor stands in its session. A pure function of the cookie: no state is shared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Session {
    /// The session ended, or the cookie held none.
    Lapsed,
    /// It goes on; `is_stale` if the cookie's last seen is too old to be kept.
    Runs { is_stale: bool },
}

impl Session {
    /// The cookie is rewritten at most every tenth of `timeout`, so its last seen may be that much older
    /// than the truth: a session ends when 1.1 × `timeout` has passed.
    pub(crate) fn of(known: &Known, now: u64, timeout: Duration) -> Self {
        let timeout = u128::from(timeout.as_secs());
        let silence = u128::from(now.saturating_sub(known.last_seen)) * 10;
        if known.is_bare || silence > timeout * 11 {
            Self::Lapsed
        } else {
            Self::Runs { is_stale: silence > timeout }
        }
    }

    pub(crate) fn rewrites_cookie(self) -> bool {
        self != Self::Runs { is_stale: false }
    }
}

#[cfg(test)]
mod test {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn boundaries() {
        let timeout = Duration::from_secs(1_800);
        let known = Known::new(Uuid::from_u128(1), 1_000);
        let after = |silence: u64| Session::of(&known, 1_000 + silence, timeout);
        assert_eq!(after(0), Session::Runs { is_stale: false });
        assert_eq!(after(180), Session::Runs { is_stale: false });
        assert_eq!(after(181), Session::Runs { is_stale: true });
        assert_eq!(after(1_980), Session::Runs { is_stale: true });
        assert_eq!(after(1_981), Session::Lapsed);
        assert_eq!(Session::of(&Known { is_bare: true, ..known }, 1_000, timeout), Session::Lapsed);
    }
}
