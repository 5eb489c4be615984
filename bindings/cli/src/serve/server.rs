use std::{io, net::SocketAddr, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};

/// How long a client may take to send a request's head.
const HEAD: Duration = Duration::from_secs(30);

/// How long nobody is let in when there is no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves `app` until `stopped` turns true, then gives the requests under way `within` to end.
pub(super) async fn serve(
    listener: TcpListener,
    app: Router,
    stopped: watch::Receiver<bool>,
    within: Duration,
) {
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(until(stopped));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => serve_one(&connections, stream, peer, &app),
            Err(error) if is_of_one_client(&error) => {}
            // Too many files are open: connections have to end first.
            Err(_) => time::sleep(NO_ROOM).await,
        }
    }
    drop(listener);
    // Those that take longer end with the runtime.
    time::timeout(within, connections.shutdown()).await.ok();
}

fn serve_one(connections: &GracefulShutdown, stream: TcpStream, peer: SocketAddr, app: &Router) {
    // A page's last packet does not wait for the client's answer to the one before. Without it, it is slow.
    stream.set_nodelay(true).ok();
    let service = TowerToHyperService::new(app.clone().layer(Extension(ConnectInfo(peer))));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        // Some clients close their side as soon as they have asked.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // The client went away, or sent what is no HTTP.
        connection.await.ok();
    });
}

fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // Whoever could tell is gone: nothing will stop it any more.
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending().await
    }
}
