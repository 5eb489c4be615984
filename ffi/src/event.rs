//! An event and its properties.
