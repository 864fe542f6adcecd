//! A running host: its listener, its sessions, its settlement.

use crate::{
    HostConfig, HostError,
    connection::Connection,
    journal::Journal,
    listener::{self, Bounds, Peer},
    monitor::{self, Metrics},
    registry::Registry,
    session::{Desk, Session},
    settlement::Settler,
    socket::Socket,
    watch::{self, Sight},
};
use axum::{
    Router,
    extract::{Extension, State, ws::WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use fabstir_chain::Wallet;
use fabstir_core::{
    Code, channel::MAX_SEALED_BYTES, inference::SequenceId, messages::Domain, signature::SigningKey, wire::Format,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch as flag},
    task::JoinHandle,
};

/// How long a stopping host waits for connections to end and vouchers to reach the chain.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What every connection of a host shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: HostConfig,
    pub(crate) wallet: Wallet,
    pub(crate) desk: Desk,
    pub(crate) registry: Registry,
    pub(crate) sight: Sight,
    /// Turns true when the host stops.
    pub(crate) stopped: flag::Receiver<bool>,
    settler: Settler,
    connections: Arc<Semaphore>,
}

impl Shared {
    /// A name for a conversation that no other has in this process: hosts may share a backend.
    pub(crate) fn next_sequence(&self) -> SequenceId {
        static SEQUENCES: AtomicU64 = AtomicU64::new(0);
        SEQUENCES.fetch_add(1, Ordering::Relaxed)
    }

    /// Sessions whose settlement is under way.
    pub(crate) fn settling(&self) -> usize {
        self.settler.backlog()
    }

    /// Refuses to serve anything new while cancellations may go unseen.
    ///
    /// # Errors
    ///
    /// [`Code::RpcUnavailable`].
    pub(crate) fn sees_the_chain(&self) -> Result<(), HostError> {
        if self.sight.lost_for() <= self.config.blindness {
            return Ok(());
        }
        Err(HostError::coded(Code::RpcUnavailable, "this host cannot see the chain now and serves nothing new"))
    }

    /// Ends a session here: frees its cache and its place, and has it settled.
    pub(crate) async fn retire(&self, session: Session) {
        session.model.backend.forget(session.sequence);
        self.registry.remove(session.id);
        let (id, entry) = session.into_entry();
        self.settler.finish(id, entry).await;
    }
}

/// What a host is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostState {
    /// Sessions held, connected or waiting for their renter.
    pub sessions: usize,
    /// Those with a connection.
    pub connected: usize,
    /// Sessions whose settlement is under way.
    pub settling: usize,
}

/// A running host. [`Host::stop`] ends it cleanly; dropped, it stops with its runtime and settles at the next start.
#[derive(Debug)]
pub struct Host {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: flag::Sender<bool>,
    server: JoinHandle<()>,
    watcher: JoinHandle<()>,
}

impl Host {
    /// Starts serving. `wallet` and `key` are the host's hot key: it signs checkpoints and sends settlements. Sessions
    /// that an earlier run left in the journal are settled at once.
    ///
    /// # Errors
    ///
    /// [`Code::InvalidConfig`], [`Code::PortInUse`], those of the journal.
    pub async fn start(config: HostConfig, wallet: Wallet, key: SigningKey) -> Result<Self, HostError> {
        config.validate()?;
        let chain = wallet.chain();
        let domain = Domain::new(chain.chain_id(), chain.market());
        // Every cancellation from here on is seen; what an earlier run served is settled below.
        let block = chain.provider().block_number().await?;
        let cancellations = watch::cancellations(chain, block);
        let journal = Journal::open(&config.journal, chain.chain_id(), chain.market(), block)?;
        let listener = TcpListener::bind(config.listen).await.map_err(|error| cannot_listen(config.listen, &error))?;
        let address = listener.local_addr().map_err(|error| cannot_listen(config.listen, &error))?;
        let metrics = Arc::new(Metrics::new());
        let settler = Settler::start(wallet.clone(), journal.clone(), Arc::clone(&metrics));
        for (id, entry) in journal.unfinished()? {
            settler.finish(id, entry).await;
        }
        let (stop, stopped) = flag::channel(false);
        let shared = Arc::new(Shared {
            registry: Registry::new(config.max_sessions),
            connections: Arc::new(Semaphore::new(config.max_connections)),
            desk: Desk { domain, key, journal, metrics },
            sight: Sight::new(),
            stopped: stopped.clone(),
            settler,
            wallet,
            config,
        });
        let bounds = Bounds { places: shared.config.max_connections, patience: shared.config.opening_patience };
        let server = tokio::spawn(listener::serve(listener, router(&shared), bounds, stopped.clone()));
        let watcher = tokio::spawn(watch::run(Arc::clone(&shared), cancellations, stopped));
        Ok(Self { shared, address, stop, server, watcher })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL clients connect to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// What it is doing.
    #[must_use]
    pub fn state(&self) -> HostState {
        let (sessions, connected) = self.shared.registry.count();
        HostState { sessions, connected, settling: self.shared.settler.backlog() }
    }

    /// Waits until every settlement under way has reached the chain, for half a minute at most.
    pub async fn settled(&self) {
        self.shared.settler.drain(STOP_PATIENCE).await;
    }

    /// Stops without settling anything, as a crash would: the next start settles from the journal. Returns once the
    /// journal is free to be opened again.
    pub async fn abandon(self) {
        let Self { shared, server, watcher, .. } = self;
        server.abort();
        watcher.abort();
        shared.registry.release_all();
        shared.settler.stop();
        let journal = shared.desk.journal.usage();
        drop(shared);
        journal.closed(STOP_PATIENCE).await;
    }

    /// Stops: no more connections, every session closed and settled, within bounds of time. The journal is free to be
    /// opened again when it returns.
    pub async fn stop(self) {
        let Self { shared, stop, server, watcher, .. } = self;
        // The receivers live as long as the tasks below.
        let _ = stop.send(true);
        shared.registry.release_all();
        let stopped = async {
            let _ = server.await;
            let _ = watcher.await;
        };
        if tokio::time::timeout(STOP_PATIENCE, stopped).await.is_err() {
            tracing::warn!("connections were still open when the host stopped");
        }
        let patience = tokio::time::Instant::now() + STOP_PATIENCE;
        while shared.registry.count().0 > 0 && tokio::time::Instant::now() < patience {
            for session in shared.registry.take_abandoned(Duration::ZERO) {
                shared.retire(session).await;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        shared.settler.drain(STOP_PATIENCE).await;
        shared.settler.stop();
        let journal = shared.desk.journal.usage();
        drop(shared);
        journal.closed(STOP_PATIENCE).await;
    }
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new().route("/v1/session", get(session)).merge(monitor::routes()).with_state(Arc::clone(shared))
}

fn cannot_listen(address: SocketAddr, error: &std::io::Error) -> HostError {
    let code = match error.kind() {
        std::io::ErrorKind::AddrInUse => Code::PortInUse,
        _ => Code::InvalidConfig,
    };
    HostError::coded(code, format!("cannot listen on {address}: {error}"))
}

/// Upgrades a request to the session protocol, in the encoding the client asked for.
async fn session(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let asked = upgrade.requested_protocols().filter_map(|name| name.to_str().ok()).find_map(Format::from_subprotocol);
    let Some(format) = asked else {
        return (StatusCode::BAD_REQUEST, "ask for subprotocol fabstir.v1.json or fabstir.v1.cbor\n").into_response();
    };
    let Ok(place) = Arc::clone(&shared.connections).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections\n").into_response();
    };
    let may_be_plain = peer.0.ip().is_loopback() || shared.config.allow_plaintext;
    upgrade
        .max_message_size(MAX_SEALED_BYTES)
        .max_frame_size(MAX_SEALED_BYTES)
        .protocols([format.subprotocol()])
        .on_upgrade(move |socket| async move {
            Connection::new(shared, Socket::new(socket, format, may_be_plain)).serve().await;
            drop(place);
        })
}
