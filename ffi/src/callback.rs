//! The host's functions, called from here.
