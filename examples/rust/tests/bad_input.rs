//! What strangers, cheats and accidents get: a clear error with a stable code, nothing lost, nothing hung.

mod common;

use alloy_primitives::{Address, B256, U256};
use common::{Locked, Raw, lock, market};
use fabstir_core::{
    amount::Amount,
    inference::FinishReason,
    messages::{Signed, Voucher},
    signature::{Signature65, SigningKey},
    wire::{self, ClientMessage, HostMessage},
};

fn milliether() -> Amount {
    Amount::from(1_000_000_000_000_000_u64)
}

fn stranger() -> SigningKey {
    SigningKey::from_bytes(&[0x66; 32]).unwrap()
}

fn signed(session: &Locked, key: &SigningKey, input: u64, output: u64, head: B256) -> ClientMessage {
    let voucher = Voucher { sessionId: session.id, inputTokens: input, outputTokens: output, head };
    let signature = voucher.sign(&session.domain, key);
    ClientMessage::Voucher(wire::Voucher { input_tokens: input, output_tokens: output, head, signature })
}

fn checkpoint(messages: &[HostMessage]) -> wire::Checkpoint {
    let find = |message: &HostMessage| match message {
        HostMessage::Checkpoint(checkpoint) => Some(checkpoint.clone()),
        _ => None,
    };
    messages.iter().rev().find_map(find).expect("a checkpoint")
}

fn is_done(message: &HostMessage) -> bool {
    matches!(message, HostMessage::Done(_))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_renter_opens_a_session() {
    let market = market().await;
    let session = lock(&market, milliether(), |_| {}).await;

    let mut raw = Raw::greeted(&session.url).await;
    let open = raw.open_message(&session, &stranger());
    raw.send(&open).await;
    assert_eq!(raw.refusal().await, "wrong_signer");
    // The challenge is used up: the same connection cannot try again without a new one.
    let open = raw.open_message(&session, &session.key);
    raw.send(&open).await;
    assert_eq!(raw.refusal().await, "unexpected_message");

    // A signature for another connection's challenge.
    let mut raw = Raw::greeted(&session.url).await;
    raw.challenge = B256::repeat_byte(1);
    let open = raw.open_message(&session, &session.key);
    raw.send(&open).await;
    assert_eq!(raw.refusal().await, "wrong_signer");

    // Malformed: high s, no signature at all.
    let mut raw = Raw::greeted(&session.url).await;
    let ClientMessage::Open(mut open) = raw.open_message(&session, &session.key) else { unreachable!() };
    open.signature = Signature65::try_from([0xff; 65].as_slice()).unwrap();
    raw.send(&ClientMessage::Open(open)).await;
    assert_eq!(raw.refusal().await, "bad_signature");

    let (_raw, opened) = Raw::opened(&session).await;
    assert_eq!(opened.session_id, session.id);

    // A second connection: its owner, who may not have heard the answer, may ask again while nothing has been said.
    let mut other = Raw::greeted(&session.url).await;
    let open = other.open_message(&session, &stranger());
    other.send(&open).await;
    assert_eq!(other.refusal().await, "wrong_signer");
    let (mut second, again) = Raw::opened(&session).await;
    assert_eq!(again, opened);
    second.prompt(1, "Who are you?", 4).await;
    second.until(|message| matches!(message, wire::HostMessage::Done(_))).await;
    let mut third = Raw::greeted(&session.url).await;
    let open = third.open_message(&session, &session.key);
    third.send(&open).await;
    assert_eq!(third.refusal().await, "session_not_active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_must_be_on_chain_and_ours() {
    let market = market().await;
    let mut unknown = lock(&market, milliether(), |_| {}).await;
    unknown.terms.salt += U256::from(1);
    unknown.id = fabstir_core::messages::session_id(&unknown.terms, &unknown.domain);
    let mut cheap = lock(&market, milliether(), |_| {}).await;
    cheap.terms.outputPrice -= 1;
    cheap.id = fabstir_core::messages::session_id(&cheap.terms, &cheap.domain);
    let mut other_model = lock(&market, milliether(), |_| {}).await;
    other_model.terms.modelId = B256::repeat_byte(5);
    other_model.id = fabstir_core::messages::session_id(&other_model.terms, &other_model.domain);
    let mut other_host = lock(&market, milliether(), |_| {}).await;
    other_host.terms.host = Address::repeat_byte(5);
    other_host.id = fabstir_core::messages::session_id(&other_host.terms, &other_host.domain);
    let ended = lock(&market, milliether(), |_| {}).await;
    market.signer_wallet.complete_session(&ended.terms, None).await.unwrap();
    let cases = [
        (&unknown, "unknown_session"),
        (&cheap, "price_too_low"),
        (&other_model, "model_not_served"),
        (&other_host, "wrong_host"),
        (&ended, "session_not_active"),
    ];
    for (session, code) in cases {
        let mut raw = Raw::greeted(&session.url).await;
        let open = raw.open_message(session, &session.key);
        raw.send(&open).await;
        assert_eq!(raw.refusal().await, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_must_match_what_was_served() {
    let market = market().await;
    let session = lock(&market, milliether(), |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    raw.prompt(0, "Who are you?", 64).await;
    let messages = raw.until(is_done).await;
    let first = checkpoint(&messages);
    let (input, output) = (first.input_tokens, first.output_tokens);

    raw.send(&signed(&session, &stranger(), input, output, first.head)).await;
    assert_eq!(raw.refusal().await, "wrong_signer");
    raw.send(&signed(&session, &session.key, input, output, B256::repeat_byte(1))).await;
    assert_eq!(raw.refusal().await, "wrong_head");
    for (input, output) in [(input, output + 1), (u64::MAX, u64::MAX)] {
        raw.send(&signed(&session, &session.key, input, output, first.head)).await;
        assert_eq!(raw.refusal().await, "voucher_above_deposit");
    }

    raw.send(&signed(&session, &session.key, input, output, first.head)).await;
    raw.prompt(1, "What is two plus three?", 64).await;
    let messages = raw.until(is_done).await;
    let second = checkpoint(&messages);
    raw.send(&signed(&session, &session.key, second.input_tokens, second.output_tokens, second.head)).await;
    raw.send(&signed(&session, &session.key, input, output, first.head)).await;
    assert_eq!(raw.refusal().await, "voucher_backwards");
    // The same again is no harm.
    raw.send(&signed(&session, &session.key, second.input_tokens, second.output_tokens, second.head)).await;
    raw.send(&ClientMessage::Ping).await;
    assert_eq!(raw.receive().await, HostMessage::Pong);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_pay_gets_one_window() {
    let mut market = market().await;
    market.stop_host().await;
    let mut config = market.host_config.clone();
    config.credit_tokens = 24;
    config.checkpoint_tokens = 8;
    config.voucher_patience = std::time::Duration::from_secs(1);
    let key = fabstir_chain::anvil::dev_key(2).unwrap();
    market.host = Some(fabstir_host::Host::start(config, market.signer_wallet.clone(), key).await.unwrap());

    let session = lock(&market, milliether(), |_| {}).await;
    let (mut raw, opened) = Raw::opened(&session).await;
    assert_eq!(opened.credit_tokens, 24);
    raw.prompt(0, "Tell me a long story.", 400).await;
    let messages = raw.until(is_done).await;
    let served = messages.iter().filter(|message| matches!(message, HostMessage::Token(_))).count() as u64;
    assert!(messages.iter().any(|message| matches!(message, HostMessage::VoucherDue(_))));
    let HostMessage::Done(done) = messages.last().unwrap() else { unreachable!() };
    assert_eq!(done.finish_reason, FinishReason::Credit);
    let prices = session.terms.prices();
    let usage = fabstir_core::amount::Usage::new(done.usage.input_tokens, served);
    let window = fabstir_core::settlement::gross_down(fabstir_core::amount::Usage::new(0, 24), prices).unwrap();
    assert!(served > 0 && fabstir_core::settlement::gross_down(usage, prices).unwrap() <= window);
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_no_messages_are_answered_and_end_nothing() {
    let market = market().await;
    let session = lock(&market, milliether(), |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    let nested = "[".repeat(50_000) + &"]".repeat(50_000);
    let frames = [
        ("not json".to_owned(), "malformed_frame"),
        ("{}".to_owned(), "malformed_frame"),
        (r#"{"type":"teleport","id":7}"#.to_owned(), "unknown_message"),
        (r#"{"type":"cancel","id":"x"}"#.to_owned(), "malformed_frame"),
        (nested, "malformed_frame"),
    ];
    for (frame, code) in frames {
        raw.send_text(frame).await;
        assert_eq!(raw.refusal().await, code);
    }
    // Out of order, or of this session but unanswerable.
    raw.send(&ClientMessage::Handoff).await;
    assert_eq!(raw.refusal().await, "unsupported");
    // Prompts that cannot be.
    raw.prompt(1, "Hello", 0).await;
    assert_eq!(raw.refusal().await, "invalid_params");
    raw.prompt(2, &"cat ".repeat(20_000), 16).await;
    assert_eq!(raw.refusal().await, "prompt_too_long");
    raw.prompt(3, &"x".repeat(300_000), 16).await;
    assert_eq!(raw.refusal().await, "prompt_too_long");
    // And the session is as good as before: text that looks like special tokens, NULs, right-to-left, emoji.
    for (id, text) in ["<|im_end|><|im_start|>system", "\0\0\0", "שלום 👩‍👩‍👧 你好"].into_iter().enumerate()
    {
        raw.prompt(4 + id as u32, text, 8).await;
        let messages = raw.until(is_done).await;
        let last = checkpoint(&messages);
        raw.send(&signed(&session, &session.key, last.input_tokens, last.output_tokens, last.head)).await;
    }
    // Above the frame limit the connection ends; the host does not.
    let _ = futures::SinkExt::send(&mut raw.socket, tokio_tungstenite::tungstenite::Message::text("x".repeat(2 << 20)))
        .await;
    while raw.try_receive().await.is_some() {}
    let (_raw, _) = Raw::opened(&lock(&market, milliether(), |_| {}).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_while_an_answer_is_made_waits_its_turn() {
    let market = market().await;
    let session = lock(&market, milliether(), |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    raw.prompt(0, "Tell me a long story.", 200).await;
    raw.prompt(1, "Who are you?", 16).await;
    let messages = raw.until(|message| matches!(message, HostMessage::Error(_))).await;
    let HostMessage::Error(refused) = messages.last().unwrap() else { unreachable!() };
    assert_eq!((refused.code.as_str(), refused.id), ("session_busy", Some(1)));
    raw.send(&ClientMessage::Cancel(wire::Cancel { id: 0 })).await;
    let messages = raw.until(is_done).await;
    let HostMessage::Done(done) = messages.last().unwrap() else { unreachable!() };
    assert_eq!(done.id, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_that_differs_is_refused() {
    let market = market().await;
    let session = lock(&market, milliether(), |_| {}).await;
    let (mut raw, _) = Raw::opened(&session).await;
    raw.prompt(0, "Who are you?", 32).await;
    raw.until(is_done).await;
    let messages = vec![
        wire::Message::new(wire::Role::User, "Who are you?"),
        wire::Message::new(wire::Role::Assistant, "Somebody else."),
        wire::Message::new(wire::Role::User, "Really?"),
    ];
    let params = wire::Params::new(B256::repeat_byte(3));
    raw.send(&ClientMessage::Prompt(wire::Prompt {
        id: 1,
        text: None,
        messages: Some(messages),
        params,
        request: None,
    }))
    .await;
    assert_eq!(raw.refusal().await, "diverged");
}
