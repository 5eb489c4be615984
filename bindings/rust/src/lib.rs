//! Trackside.
