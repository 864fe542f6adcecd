//! Accepts connections, within bounds of number and time, and hands their requests to the router.

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tower_service::Service;

/// How long is waited when the system has no more sockets to give.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Who sent a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// What is taken.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Requests read at once. An upgraded connection no longer counts: it has a bound of its own.
    pub(crate) places: usize,
    /// How long a client may take to send its request.
    pub(crate) patience: Duration,
}

/// Serves until told to stop, then waits for what is under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, bounds: Bounds, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(bounds.places));
    let mut requests = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = requests.join_next(), if !requests.is_empty() => continue,
            // An error means that the host was dropped: stop as well.
            _ = stopped.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Without a place it is closed at once: the client hears that, and may come again.
                let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
                let router = router.clone();
                requests.spawn(async move {
                    answer(stream, peer, router, bounds.patience).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
    drop(listener);
    while requests.join_next().await.is_some() {}
}

/// Reads one client's requests and answers them, until it is upgraded or gone.
async fn answer(stream: TcpStream, peer: SocketAddr, router: Router, patience: Duration) {
    // Small frames go out as they come: a token must not wait for the acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, %peer, "connection ended");
    }
}
