//! What an operator sees: health, readiness and Prometheus metrics. Counts and amounts only, never words or keys.

use crate::host::Shared;
use alloy_primitives::Address;
use axum::{
    Extension, Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use fabstir_core::amount::{Amount, Usage};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serde_json::json;
use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Token {
    token: String,
}

/// Amounts as Prometheus has them: doubles, exact up to 2^53 base units and close beyond.
type Money = Family<Token, Counter<f64, AtomicU64>>;

/// Everything counted since the host started.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    tokens: Family<Kind, Counter>,
    vouched: Money,
    settled: Money,
    vouchers: Counter,
    settlements: Family<Kind, Counter>,
    first_token: Histogram,
    sessions: Family<Kind, Gauge>,
    settling: Gauge,
    blind: Gauge<f64, AtomicU64>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("fabstir");
        let metrics = Self {
            tokens: Family::default(),
            vouched: Family::default(),
            settled: Family::default(),
            vouchers: Counter::default(),
            settlements: Family::default(),
            first_token: Histogram::new(exponential_buckets(0.01, 2.0, 14)),
            sessions: Family::default(),
            settling: Gauge::default(),
            blind: Gauge::default(),
            registry: Mutex::default(),
        };
        let Metrics { tokens, vouched, settled, vouchers, settlements, first_token, sessions, settling, blind, .. } =
            &metrics;
        registry.register("tokens", "LLM tokens committed in checkpoints: fed, sampled", tokens.clone());
        registry.register("vouched_base_units", "Vouched for by renters, fee included", vouched.clone());
        registry.register("settled_base_units", "Paid out on chain, fee included", settled.clone());
        registry.register("vouchers", "Vouchers accepted", vouchers.clone());
        registry.register("settlements", "Attempts to settle: settled, failed", settlements.clone());
        registry.register("time_to_first_token_seconds", "From a prompt to its first token", first_token.clone());
        registry.register("sessions", "Sessions held: connected, waiting", sessions.clone());
        registry.register("settlements_pending", "Sessions whose settlement is under way", settling.clone());
        registry.register("chain_unseen_seconds", "Since the chain was last seen", blind.clone());
        Self { registry: Mutex::new(registry), ..metrics }
    }

    /// A checkpoint committed these counts, after `before`.
    pub(crate) fn committed(&self, counts: Usage, before: Usage) {
        self.tokens.get_or_create(&Kind { kind: "fed" }).inc_by(counts.input.saturating_sub(before.input));
        self.tokens.get_or_create(&Kind { kind: "sampled" }).inc_by(counts.output.saturating_sub(before.output));
    }

    /// A renter vouched for this much more.
    pub(crate) fn vouched(&self, token: Address, more: Amount) {
        self.vouchers.inc();
        self.vouched.get_or_create(&Token { token: token.to_string() }).inc_by(approximately(more));
    }

    /// A session was settled; this much was paid in all.
    pub(crate) fn settled(&self, token: Address, paid: Amount) {
        self.settlements.get_or_create(&Kind { kind: "settled" }).inc();
        self.settled.get_or_create(&Token { token: token.to_string() }).inc_by(approximately(paid));
    }

    /// An attempt to settle failed; another follows.
    pub(crate) fn not_settled(&self) {
        self.settlements.get_or_create(&Kind { kind: "failed" }).inc();
    }

    /// The first token of an answer came so long after its prompt.
    pub(crate) fn first_token(&self, after: Duration) {
        self.first_token.observe(after.as_secs_f64());
    }

    /// The text a Prometheus server scrapes.
    fn encode(&self, shared: &Shared) -> String {
        let (held, connected) = shared.registry.count();
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.sessions.get_or_create(&Kind { kind: "connected" }).set(count(connected));
        self.sessions.get_or_create(&Kind { kind: "waiting" }).set(count(held.saturating_sub(connected)));
        self.settling.set(count(shared.settling()));
        self.blind.set(shared.sight.lost_for().as_secs_f64());
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner));
        text
    }
}

fn approximately(amount: Amount) -> f64 {
    amount.to_string().parse().unwrap_or(f64::MAX)
}

/// `/health`, `/ready` and, for this machine or where the settings say so, `/metrics`.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/health", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether a new session would be served now; if not, why.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    let mut reasons = Vec::new();
    if let Err(error) = shared.sees_the_chain() {
        reasons.push(error.to_string());
    }
    if shared.registry.count().0 + shared.settling() >= shared.config.max_sessions {
        reasons.push("no place for another session".to_owned());
    }
    if *shared.stopped.borrow() {
        reasons.push("the host stops".to_owned());
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": reasons.is_empty(), "reasons": reasons}))).into_response()
}

async fn metrics(State(shared): State<Arc<Shared>>, Extension(peer): Extension<crate::listener::Peer>) -> Response {
    if !peer.0.ip().is_loopback() && !shared.config.public_metrics {
        return (StatusCode::FORBIDDEN, "metrics are for this machine\n").into_response();
    }
    let text = shared.desk.metrics.encode(&shared);
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}
