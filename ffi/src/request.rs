//! The request and the response as the host has them.
