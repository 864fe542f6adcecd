//! What the end-to-end tests share: a market around one loaded model, and a client that speaks the wire by hand.

#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses a part of it")]

use alloy_primitives::{Address, B256, U256};
use fabstir_chain::anvil::{Anvil, AnvilConfig};
use fabstir_client::{HostOffer, OpenOptions};
use fabstir_core::{
    abi::{ISessionMarket::SignedCloseRequest, Terms},
    amount::Amount,
    inference::Backend,
    messages::{Domain, Open, Signed, session_id},
    signature::SigningKey,
    wire::{self, ClientMessage, Format, HostMessage, WireTerms},
};
use fabstir_examples::{LocalMarket, MarketOptions, TINY_MODEL};
use fabstir_llama::{LlamaBackend, LlamaConfig};
use futures::{SinkExt, StreamExt};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite};

/// One model for all tests of a binary.
pub fn backend() -> Arc<dyn Backend> {
    static BACKEND: OnceLock<Arc<LlamaBackend>> = OnceLock::new();
    let load = || Arc::new(LlamaBackend::load(LlamaConfig::new(TINY_MODEL)).expect("the shipped model loads"));
    BACKEND.get_or_init(load).clone()
}

pub async fn market() -> LocalMarket {
    market_with(MarketOptions::default()).await
}

pub async fn market_with(options: MarketOptions) -> LocalMarket {
    let anvil = Anvil::start(AnvilConfig::default()).await.expect("anvil: run `cargo xtask setup`");
    LocalMarket::with_backend(anvil, backend(), options).await.expect("the market starts")
}

/// A milliether, enough for a few hundred thousand tokens at the default prices.
pub fn deposit() -> OpenOptions {
    OpenOptions::new(Amount::from(1_000_000_000_000_000_u64))
}

/// A session on chain whose client is written by hand in the test.
pub struct Locked {
    pub id: U256,
    pub terms: Terms,
    pub key: SigningKey,
    pub deposit: Amount,
    pub url: String,
    pub domain: Domain,
}

/// Locks a deposit for a session with a key of the test's own.
pub async fn lock(market: &LocalMarket, deposit: Amount, change: impl FnOnce(&mut Terms)) -> Locked {
    let offer: HostOffer = market.offer(Address::ZERO).await.expect("an offer");
    let chain = market.renter.chain();
    let key = SigningKey::from_bytes(&[0x42; 32]).expect("a key");
    let mut terms = Terms {
        renter: market.renter.wallet().address(),
        host: offer.host,
        hostSigner: offer.signer,
        voucherSigner: key.address(),
        token: Address::ZERO,
        modelId: offer.model_id,
        inputPrice: offer.prices.input.get(),
        outputPrice: offer.prices.output.get(),
        expiresAt: chain.now().await.expect("time") + 3_600,
        grace: 3_600,
        feeBps: 1_500,
        cancelBps: 0,
        proofCap: 0,
        salt: U256::from_be_bytes(rand_bytes()),
    };
    change(&mut terms);
    market.renter.wallet().create_session(&terms, deposit, None).await.expect("opened on chain");
    let domain = chain.domain().clone();
    Locked { id: session_id(&terms, &domain), terms, key, deposit, url: offer.url, domain }
}

/// What a renter cancels with that wants nothing settled.
pub fn nothing_signed() -> SignedCloseRequest {
    SignedCloseRequest { inputTokens: 0, outputTokens: 0, deadline: 0, signature: Default::default() }
}

pub fn rand_bytes() -> [u8; 32] {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let word = || RandomState::new().build_hasher().finish().to_le_bytes();
    [word(), word(), word(), word()].concat().try_into().expect("32 bytes")
}

/// A client by hand.
pub struct Raw {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub challenge: B256,
}

impl Raw {
    pub async fn connect(url: &str) -> Self {
        use tungstenite::client::IntoClientRequest;
        let mut request = format!("{url}/v1/session").into_client_request().expect("a URL");
        let name = Format::Json.subprotocol().parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", name);
        let (socket, _) = connect_async(request).await.expect("connected");
        Self { socket, challenge: B256::ZERO }
    }

    pub async fn greeted(url: &str) -> Self {
        let mut raw = Self::connect(url).await;
        let hello = wire::Hello { versions: vec![1], capabilities: vec![], challenge: B256::repeat_byte(7) };
        raw.send(&ClientMessage::Hello(hello)).await;
        let HostMessage::HelloAck(ack) = raw.receive().await else { panic!("no hello_ack") };
        raw.challenge = ack.challenge;
        raw
    }

    pub fn open_message(&self, session: &Locked, key: &SigningKey) -> ClientMessage {
        let open = Open { sessionId: session.id, challenge: self.challenge, channelKey: B256::ZERO };
        ClientMessage::Open(Box::new(wire::Open {
            terms: WireTerms::from(session.terms.clone()),
            secret: B256::repeat_byte(9),
            channel_key: B256::ZERO,
            signature: open.sign(&session.domain, key),
        }))
    }

    /// Connects, greets and opens.
    pub async fn opened(session: &Locked) -> (Self, wire::Opened) {
        let mut raw = Self::greeted(&session.url).await;
        let open = raw.open_message(session, &session.key);
        raw.send(&open).await;
        match raw.receive().await {
            HostMessage::Opened(opened) => (raw, *opened),
            other => panic!("not opened: {other:?}"),
        }
    }

    pub async fn send(&mut self, message: &ClientMessage) {
        let bytes = wire::encode(message, Format::Json).expect("encodes");
        self.send_text(String::from_utf8(bytes).expect("JSON")).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.socket.send(tungstenite::Message::text(text)).await.expect("sent");
    }

    pub async fn receive(&mut self) -> HostMessage {
        self.try_receive().await.expect("a message")
    }

    /// `None` once the host has closed.
    pub async fn try_receive(&mut self) -> Option<HostMessage> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(60), self.socket.next()).await.expect("in time");
            match next {
                Some(Ok(tungstenite::Message::Text(text))) => {
                    return Some(wire::decode_host(text.as_bytes(), Format::Json).expect("a host message"));
                }
                Some(Ok(tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    /// The code of the error that must come next.
    pub async fn refusal(&mut self) -> String {
        match self.receive().await {
            HostMessage::Error(refused) => refused.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub async fn prompt(&mut self, id: u32, text: &str, max_tokens: u32) {
        let mut params = wire::Params::new(B256::repeat_byte(3));
        params.max_tokens = max_tokens;
        let prompt = wire::Prompt { id, text: Some(text.into()), messages: None, params, request: None };
        self.send(&ClientMessage::Prompt(prompt)).await;
    }

    /// Everything up to and including the message that `last` accepts.
    pub async fn until(&mut self, last: impl Fn(&HostMessage) -> bool) -> Vec<HostMessage> {
        let mut all = Vec::new();
        loop {
            all.push(self.receive().await);
            if all.last().is_some_and(&last) {
                return all;
            }
        }
    }
}
