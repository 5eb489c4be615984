//! The hits of one attempt at delivery, as a sink in C sees them.
