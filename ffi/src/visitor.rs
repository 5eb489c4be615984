//! A snapshot of a visitor, for events outside an exchange.
