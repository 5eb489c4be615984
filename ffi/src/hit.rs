//! One hit, to be read field by field.
