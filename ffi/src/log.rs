//! What the library has to say, handed to a callback.
