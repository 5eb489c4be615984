//! A snapshot of both books.
