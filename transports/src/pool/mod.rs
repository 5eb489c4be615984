//! Queue, workers, batching and retry: turns a sink factory into a transport.
