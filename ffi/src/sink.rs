//! A sink whose attempts are made by the host.
