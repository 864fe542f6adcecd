//! The renter's engine of the C ABI over a socket that is not ours: a whole session, its connection dropped in the middle of
//! an answer, and taken up again by another process from a snapshot.

#![allow(unsafe_code, reason = "it speaks to the C ABI")]

mod common;

use alloy_primitives::B256;
use common::Locked;
use fabstir::*;
use fabstir_core::{abi::ISessionMarket, amount::Amount};
use futures::{SinkExt, StreamExt};
use std::{error::Error, mem::MaybeUninit, ptr};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

type Fallible<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;
type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The handle, as a number that may cross threads: nothing of it is ever dereferenced.
#[derive(Clone, Copy)]
struct Session(usize);

impl Session {
    fn handle(self) -> *mut fabstir_renter_session {
        ptr::without_provenance_mut(self.0)
    }

    /// Every frame that waits.
    fn outbox(self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            let mut frame = fabstir_bytes { data: ptr::null_mut(), len: 0 };
            // SAFETY: a place for a frame, which is copied and freed.
            unsafe {
                match fabstir_renter_session_send(self.handle(), &mut frame) {
                    fabstir_status::Ok => frames.push(std::slice::from_raw_parts(frame.data, frame.len).to_vec()),
                    status => {
                        assert_eq!(status, fabstir_status::End);
                        return frames;
                    }
                }
                fabstir_bytes_free(&mut frame);
            }
        }
    }

    fn receive(self, frame: &[u8]) -> fabstir_event_kind {
        let (mut record, mut event) = (7, MaybeUninit::<fabstir_event>::uninit());
        // SAFETY: a live frame, and places for what is told.
        unsafe {
            let (data, len) = (frame.as_ptr(), frame.len());
            let status = fabstir_renter_session_receive(self.handle(), data, len, &mut record, event.as_mut_ptr());
            assert_eq!(status, fabstir_status::Ok);
            let mut event = event.assume_init();
            fabstir_string_free(&mut event.text);
            assert_eq!(record == 1, event.kind == fabstir_event_kind::Voucher, "what is signed for is written down");
            event.kind
        }
    }

    fn ask(self, question: &str) -> fabstir_status {
        let options = r#"{"temperature": 0, "max_tokens": 120}"#;
        let (text, len) = (question.as_ptr().cast(), question.len());
        // SAFETY: live texts.
        unsafe { fabstir_renter_session_prompt(self.handle(), text, len, options.as_ptr().cast(), options.len()) }
    }

    fn owed(self) -> fabstir_amount {
        let (mut usage, mut owed) = (fabstir_usage::default(), fabstir_amount::default());
        // SAFETY: places for both.
        assert_eq!(unsafe { fabstir_renter_session_owed(self.handle(), &mut usage, &mut owed) }, fabstir_status::Ok);
        owed
    }
}

async fn connect(url: &str) -> Fallible<Socket> {
    let mut request = format!("{}/v1/session", url.replace("http://", "ws://")).into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("fabstir.v1.cbor"));
    Ok(connect_async(request).await?.0)
}

/// Sends what waits and takes what comes, until an event of this kind or, if it is given, so many tokens.
async fn pump(socket: &mut Socket, session: Session, until: fabstir_event_kind, tokens: usize) -> Fallible {
    let mut seen = 0;
    loop {
        for frame in session.outbox() {
            socket.send(Message::binary(frame)).await?;
        }
        let Some(Message::Binary(frame)) = socket.next().await.transpose()? else { continue };
        let kind = session.receive(&frame);
        seen += usize::from(kind == fabstir_event_kind::Token);
        if kind == until || seen == tokens {
            return Ok(());
        }
        assert_ne!(kind, fabstir_event_kind::Refused);
    }
}

fn open(locked: &Locked) -> (fabstir_domain, Session) {
    let domain = fabstir_domain { chain_id: locked.domain.chain_id(), market: locked.domain.market().into() };
    let (terms, deposit) = (fabstir_terms::from(&locked.terms), fabstir_amount::from(locked.deposit));
    let secret = fabstir_hash { bytes: *locked.key.expose_secret() };
    let blind = fabstir_hash::from(B256::repeat_byte(9));
    let (mut key, mut session) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: live values, and places for handles.
    unsafe {
        assert_eq!(fabstir_key_new(&secret, &mut key), fabstir_status::Ok);
        let cbor = FABSTIR_FORMAT_CBOR;
        let status = fabstir_renter_session_new(&domain, &terms, &deposit, key, &blind, cbor, &mut session);
        assert_eq!(status, fabstir_status::Ok);
    }
    fabstir_key_free(key);
    (domain, Session(session.addr()))
}

/// The session as another process finds it: from a snapshot, the old one gone.
fn reborn(session: Session, domain: &fabstir_domain) -> Session {
    let mut snapshot = fabstir_bytes { data: ptr::null_mut(), len: 0 };
    let mut restored = ptr::null_mut();
    // SAFETY: live values, and places for what is made.
    unsafe {
        assert_eq!(fabstir_renter_session_snapshot(session.handle(), &mut snapshot), fabstir_status::Ok);
        fabstir_renter_session_free(session.handle());
        assert_eq!(fabstir_renter_session_connect(session.handle()), fabstir_status::BadHandle);
        let (data, len) = (snapshot.data, snapshot.len);
        let status = fabstir_renter_session_restore(domain, data, len, FABSTIR_FORMAT_CBOR, &mut restored);
        assert_eq!(status, fabstir_status::Ok);
        fabstir_bytes_free(&mut snapshot);
    }
    Session(restored.addr())
}

/// Begins a connection.
async fn begin(url: &str, session: Session) -> Fallible<Socket> {
    // SAFETY: a handle.
    assert_eq!(unsafe { fabstir_renter_session_connect(session.handle()) }, fabstir_status::Ok);
    connect(url).await
}

fn closing(session: Session) -> ISessionMarket::SignedClose {
    let mut close = fabstir_close::default();
    let mut signature = fabstir_signature { bytes: [0; 65] };
    // SAFETY: places for both.
    let status = unsafe { fabstir_renter_session_closing(session.handle(), &mut close, &mut signature) };
    assert_eq!(status, fabstir_status::Ok);
    fabstir_core::messages::Close::from(close).with_signature(&signature.into())
}

#[tokio::test]
async fn a_session_over_a_socket_of_the_callers() -> Fallible {
    use fabstir_event_kind as Kind;
    let mut market = common::market().await;
    let locked = common::lock(&market, common::deposit().deposit, |_| {}).await;
    let (domain, session) = open(&locked);
    let url = locked.url.as_str();

    assert_eq!(session.ask("Too early."), fabstir_status::UnexpectedMessage);
    let mut socket = begin(url, session).await?;
    pump(&mut socket, session, Kind::Opened, usize::MAX).await?;
    assert_eq!(session.ask("Who are you?"), fabstir_status::Ok);
    assert_eq!(session.ask("And you?"), fabstir_status::SessionBusy);
    pump(&mut socket, session, Kind::Done, usize::MAX).await?;

    // The connection drops in the middle of an answer.
    assert_eq!(session.ask("Tell me a story about the village."), fabstir_status::Ok);
    pump(&mut socket, session, Kind::Done, 3).await?;
    drop(socket);
    let mut socket = begin(url, session).await?;
    pump(&mut socket, session, Kind::Resumed, usize::MAX).await?;
    pump(&mut socket, session, Kind::Done, usize::MAX).await?;
    drop(socket);

    // And then the whole process.
    let session = reborn(session, &domain);
    let mut socket = begin(url, session).await?;
    pump(&mut socket, session, Kind::Resumed, usize::MAX).await?;
    assert_eq!(session.ask("What is two plus three?"), fabstir_status::Ok);
    pump(&mut socket, session, Kind::Done, usize::MAX).await?;
    let owed = Amount::from(session.owed());

    // SAFETY: a handle.
    assert_eq!(unsafe { fabstir_renter_session_close(session.handle()) }, fabstir_status::Ok);
    pump(&mut socket, session, Kind::Closed, usize::MAX).await?;
    let close = closing(session);
    let chain = market.renter.chain().clone();
    let id = locked.id;
    // The host settles by itself; if it has not, the renter can.
    if chain.session_details(id).await?.status == ISessionMarket::Status::Active {
        let _ = market.renter.wallet().complete_with_close(&locked.terms, None, close).await;
    }
    market.stop_host().await;
    assert_eq!(Amount::from(chain.session_details(id).await?.settled), owed);
    assert!(!owed.is_zero());
    fabstir_renter_session_free(session.handle());
    Ok(())
}
