//! A request or a response in one contiguous block.
