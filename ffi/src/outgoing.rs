//! The exact request that a destination would send.
