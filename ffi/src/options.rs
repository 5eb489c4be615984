//! A configuration, and what is to be swapped.
