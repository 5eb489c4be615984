//! Ctrl-C and SIGTERM: the first ends the server in order, the second at once.

use std::io;

use tokio::{runtime::Runtime, sync::watch};

use crate::failure::Failure;

/// Turns true with the first signal.
pub(super) fn listen(runtime: &Runtime) -> Result<watch::Receiver<bool>, Failure> {
    let (tell, stopped) = watch::channel(false);
    let failed = |error| Failure::failed(format_args!("signals cannot be listened to: {error}"));
    let first = {
        let _context = runtime.enter();
        first().map_err(failed)?
    };
    runtime.spawn(async move {
        first.await;
        // The server may have ended by itself.
        tell.send(true).ok();
    });
    Ok(stopped)
}

#[cfg(unix)]
fn first() -> io::Result<impl Future<Output = ()> + Send> {
    use std::sync::{Arc, atomic::AtomicBool};

    use signal_hook::{
        consts::{SIGINT, SIGTERM},
        flag,
    };
    use tokio::signal::unix::{SignalKind, signal};

    // Listened to before anything else takes away what a signal does by itself: none is lost.
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let is_second = Arc::new(AtomicBool::new(false));
    // A shell tells an end by a signal as 128 + its number.
    for (number, code) in [(SIGINT, 130), (SIGTERM, 143)] {
        // In this order: the first signal finds the flag unset, and sets it.
        flag::register_conditional_shutdown(number, code, Arc::clone(&is_second))?;
        flag::register(number, Arc::clone(&is_second))?;
    }
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// There is no way here to tell the second from the first.
#[cfg(not(unix))]
fn first() -> io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}
