//! One request and its response, and the verdict on them.
