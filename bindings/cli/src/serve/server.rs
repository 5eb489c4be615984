use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, sync::watch, time};

/// Serves `app` until `stopped` turns true, then gives the requests under way `within` to end.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    stopped: watch::Receiver<bool>,
    within: Duration,
) -> io::Result<()> {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    // A page's last packet does not wait for the client's answer to the one before. Without it, it is slow.
    let listener = listener.tap_io(|stream| _ = stream.set_nodelay(true));
    let serving = axum::serve(listener, service).with_graceful_shutdown(until(stopped.clone()));
    let late = async {
        until(stopped).await;
        time::sleep(within).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = late => Ok(()),
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // Whoever could tell is gone: nothing will stop it any more.
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending().await
    }
}
