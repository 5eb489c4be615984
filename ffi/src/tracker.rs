//! The live facade.
