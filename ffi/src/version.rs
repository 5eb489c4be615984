//! Which library this is.

use std::ffi::{CStr, c_char};

/// The version of this header as one number: major * 1000000 + minor * 1000 + patch.
pub const TRACKSIDE_VERSION_NUMBER: u32 = 1_000;

/// The number of this header's ABI. A library of another number cannot be used with it; compare it with
/// trackside_abi where the library is loaded at run time.
pub const TRACKSIDE_ABI: u32 = 1;

/// The version of the library, such as "1.2.3": a static text that ends in NUL. Compare it with
/// TRACKSIDE_VERSION, the header's.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the library as one number; see TRACKSIDE_VERSION_NUMBER.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_version_number() -> u32 {
    TRACKSIDE_VERSION_NUMBER
}

/// The number of the library's ABI; see TRACKSIDE_ABI.
///
/// Threads: any, at any time.
///
/// # Safety
///
/// Nothing is asked for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn trackside_abi() -> u32 {
    TRACKSIDE_ABI
}

const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};
