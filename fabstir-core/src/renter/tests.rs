mod bounds;

use super::*;
use crate::{
    messages::Checkpoint,
    metering::{HostLedger, LedgerConfig},
    transcript::{Profile, Transcript, TurnRecord, host_seed_link},
    wire::Role,
};
use alloy_primitives::Address;

const SEEDS: u32 = 16;
const ANSWER: [&str; 3] = ["The ", "baker ", "is Ada."];

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32]).expect("a valid key")
}

fn domain() -> Domain {
    Domain::new(31_337, Address::repeat_byte(9))
}

fn agreement() -> Agreement {
    let terms = Terms {
        renter: Address::repeat_byte(1),
        host: Address::repeat_byte(2),
        hostSigner: key(1).address(),
        voucherSigner: key(2).address(),
        token: Address::ZERO,
        modelId: B256::repeat_byte(7),
        inputPrice: 1_000_000,
        outputPrice: 1_000_000,
        expiresAt: 2_000_000_000,
        grace: 3_600,
        feeBps: 1_500,
        cancelBps: 0,
        proofCap: 0,
        salt: U256::ONE,
    };
    Agreement {
        terms,
        domain: domain(),
        deposit: Amount::from(10_000_u64),
        voucher_key: key(2),
        secret: B256::repeat_byte(3),
    }
}

/// An honest host of one session, as far as its renter sees it.
struct Host {
    ledger: HostLedger,
    opened: wire::Opened,
    seed: B256,
    turns: u64,
}

impl Host {
    fn new(agreement: &Agreement) -> Self {
        let id = session_id(&agreement.terms, &agreement.domain);
        let zero = B256::ZERO;
        let profile = Profile {
            model_id: agreement.terms.modelId,
            kv_type_k: 1,
            kv_type_v: 1,
            flash_attention: false,
            context_length: 1_024,
            vocabulary: 256,
            runtime: zero,
            sampler: zero,
        };
        let seed = B256::repeat_byte(5);
        let config = LedgerConfig {
            session_id: id,
            prices: agreement.terms.prices(),
            deposit: agreement.deposit,
            credit_tokens: 256,
            checkpoint_tokens: 64,
        };
        let opened = wire::Opened {
            session_id: id,
            profile,
            deposit: agreement.deposit.into(),
            settled: U256::ZERO,
            credit_tokens: config.credit_tokens,
            checkpoint_tokens: config.checkpoint_tokens,
            context: 1_024,
            retention_seconds: 600,
            overhead: 8,
            seed_commitment: host_seed_link(seed, SEEDS, 0).expect("a link"),
        };
        let transcript = Transcript::new(id, profile.hash(), agreement.secret);
        Self { ledger: HostLedger::new(config, transcript), opened, seed, turns: 0 }
    }

    fn hello_ack(&self, hello: &ClientMessage, signer: &SigningKey) -> HostMessage {
        let ClientMessage::Hello(hello) = hello else { panic!("not a hello: {hello:?}") };
        let proof = messages::Hello { challenge: hello.challenge, channelKey: B256::ZERO };
        HostMessage::HelloAck(Box::new(wire::HelloAck {
            version: 1,
            capabilities: Vec::new(),
            models: Vec::new(),
            limits: wire::Limits { max_frame_bytes: 1 << 20, max_prompt_bytes: 1 << 18, max_output_tokens: 4_096 },
            challenge: B256::repeat_byte(8),
            channel_key: B256::ZERO,
            signature: proof.sign(&domain(), signer),
        }))
    }

    fn accepted(&mut self, id: u32, fed: &[u32]) -> wire::Accepted {
        let turn = self.ledger.begin_turn();
        self.turns = turn + 1;
        self.ledger.feed(fed, B256::ZERO);
        let link = u32::try_from(self.turns).expect("few turns");
        wire::Accepted {
            id,
            turn,
            input_tokens: fed.len() as u64,
            tokens: fed.to_vec(),
            host_seed: host_seed_link(self.seed, SEEDS, link).expect("a link"),
        }
    }

    fn token(&mut self, id: u32, index: usize) -> wire::Token {
        self.ledger.sample(100 + index as u32);
        wire::Token { id, index: index as u32, text: ANSWER[index].into(), token: 100 + index as u32 }
    }

    fn checkpoint(&mut self) -> wire::Checkpoint {
        let typed: Checkpoint = self.ledger.checkpoint(&[]).expect("no fingerprints");
        let signature = typed.sign(&domain(), &key(1));
        wire::Checkpoint {
            sequence: typed.sequence,
            input_tokens: typed.inputTokens,
            output_tokens: typed.outputTokens,
            head: typed.head,
            fingerprints: Vec::new(),
            signature,
        }
    }

    fn done(id: u32, fed: u64, params: &Params) -> wire::Done {
        let record = TurnRecord {
            role: Role::Assistant,
            tokens: vec![100, 101, 102],
            text: ANSWER.concat(),
            params: params.sampling(),
            finish_reason: FinishReason::Stop,
        };
        wire::Done {
            id,
            finish_reason: FinishReason::Stop,
            usage: wire::TurnUsage { input_tokens: fed, output_tokens: 3 },
            record: record.id().expect("encodes"),
        }
    }

    fn closed(&self, usage: Usage) -> wire::Closed {
        let close = Close {
            sessionId: self.opened.session_id,
            inputTokens: usage.input,
            outputTokens: usage.output,
            deadline: 9,
        };
        wire::Closed {
            input_tokens: usage.input,
            output_tokens: usage.output,
            deadline: 9,
            signature: close.sign(&domain(), &key(1)),
        }
    }
}

/// A lie about a message, and words of the refusal it gets.
type Cheat<T> = (&'static str, fn(&mut T));

fn params() -> Params {
    Params::new(B256::repeat_byte(4))
}

/// The event of one message that must be fine.
fn step(session: &mut RenterSession, message: HostMessage) -> Option<Event> {
    session.receive(message).expect("an honest host").event
}

fn refusal(session: &mut RenterSession, message: HostMessage) -> String {
    session.receive(message).expect_err("a dishonest host").to_string()
}

/// A connection as far as the host's proof of its key.
fn greet(session: &mut RenterSession, host: &Host) {
    let hello = session.connect(B256::repeat_byte(6));
    let _ = session.receive(host.hello_ack(&hello, &key(1))).expect("its signature");
}

fn opened() -> (RenterSession, Host) {
    let (mut session, host) = (RenterSession::new(agreement()), Host::new(&agreement()));
    let hello = session.connect(B256::repeat_byte(6));
    let reaction = session.receive(host.hello_ack(&hello, &key(1))).expect("the host's own signature");
    assert!(matches!(&reaction.send[..], [ClientMessage::Open(_)]));
    assert_eq!(step(&mut session, HostMessage::Opened(Box::new(host.opened.clone()))), Some(Event::Opened));
    (session, host)
}

/// A session whose first prompt was accepted.
fn asked() -> (RenterSession, Host) {
    let (mut session, mut host) = opened();
    session.prompt("Who is the baker?".into(), params()).expect("a prompt");
    let accepted = host.accepted(0, &[1, 2, 3, 4]);
    assert_eq!(step(&mut session, HostMessage::Accepted(accepted)), Some(Event::Accepted { input_tokens: 4 }));
    (session, host)
}

/// A session in the middle of its first answer.
fn answering(tokens: usize) -> (RenterSession, Host) {
    let (mut session, mut host) = asked();
    for (index, text) in ANSWER.into_iter().enumerate().take(tokens) {
        let event = step(&mut session, HostMessage::Token(host.token(0, index)));
        assert_eq!(event, Some(Event::Token { id: 100 + index as u32, text: text.into() }));
    }
    (session, host)
}

#[test]
fn an_answer_is_verified_signed_for_and_kept() {
    let (mut session, mut host) = answering(3);
    let reaction = session.receive(HostMessage::Checkpoint(host.checkpoint())).expect("the same head");
    let usage = Usage::new(4, 3);
    assert_eq!(reaction.event, Some(Event::Voucher { usage, owed: Amount::from(7_u64) }));
    assert!(reaction.record);
    let [ClientMessage::Voucher(voucher)] = &reaction.send[..] else { panic!("{reaction:?}") };
    let (typed, signature) = session.voucher().expect("signed");
    assert_eq!((voucher.signature, voucher.head), (signature, typed.head));
    host.ledger.accept_voucher(&typed, &signature, &domain(), key(2).address()).expect("what the host counts");

    let event = step(&mut session, HostMessage::Done(Host::done(0, 4, &params())));
    assert_eq!(event, Some(Event::Done { reason: FinishReason::Stop, usage }));
    assert_eq!(session.messages().last(), Some(&Message::assistant("The baker is Ada.")));
    assert!(matches!(session.close(), Ok(ClientMessage::Close)));
    let event = step(&mut session, HostMessage::Closed(host.closed(usage)));
    assert!(matches!(event, Some(Event::Closed { close, .. }) if close.usage() == usage));
}

#[test]
fn a_host_that_is_not_the_terms_host_gets_no_session() {
    let (mut session, host) = (RenterSession::new(agreement()), Host::new(&agreement()));
    let hello = session.connect(B256::repeat_byte(6));
    let error = session.receive(host.hello_ack(&hello, &key(3))).expect_err("a stranger's signature");
    assert_eq!(error.code(), Code::WrongSigner);

    let mut other = agreement();
    other.terms.modelId = B256::repeat_byte(8);
    for wrong in [Host::new(&other).opened, wire::Opened { session_id: U256::ONE, ..host.opened.clone() }] {
        greet(&mut session, &host);
        assert!(refusal(&mut session, HostMessage::Opened(Box::new(wrong))).contains("another session"));
    }
    greet(&mut session, &host);
    let mut model = host.opened.clone();
    model.profile.model_id = B256::repeat_byte(8);
    assert!(refusal(&mut session, HostMessage::Opened(Box::new(model))).contains("another model"));
}

#[test]
fn what_is_billed_must_have_been_asked() {
    let cheats: [Cheat<wire::Accepted>; 6] = [
        ("not asked", |accepted| accepted.id = 1),
        ("not asked", |accepted| accepted.turn = 1),
        ("does not name", |accepted| accepted.input_tokens = 5),
        ("bills 26 input tokens", |accepted| accepted.tokens = vec![1; 26]),
        ("committed", |accepted| accepted.host_seed = B256::repeat_byte(1)),
        ("vocabulary", |accepted| accepted.tokens[0] = 256),
    ];
    for (words, cheat) in cheats {
        let (mut session, mut host) = opened();
        session.prompt("Who is the baker?".into(), params()).expect("a prompt");
        let mut accepted = host.accepted(0, &[1, 2, 3, 4]);
        cheat(&mut accepted);
        let said = refusal(&mut session, HostMessage::Accepted(accepted));
        assert!(said.contains(words), "{said}");
        assert_eq!((session.usage(), session.voucher()), (Usage::new(0, 0), None));
    }
}

#[test]
fn tokens_come_in_order_and_from_the_vocabulary() {
    let cheats: [Cheat<wire::Token>; 4] = [
        ("no answer", |token| token.id = 1),
        ("out of order", |token| token.index = 1),
        ("more tokens than", |token| token.index = 0),
        ("vocabulary", |token| token.token = 256),
    ];
    for (words, cheat) in cheats {
        let (mut session, mut host) = opened();
        let most = if words.starts_with("more") { 0 } else { 9 };
        session.prompt("Who?".into(), Params { max_tokens: 1, ..params() }).expect("a prompt");
        if let Some(pending) = &mut session.pending {
            pending.prompt.params.max_tokens = most;
        }
        let accepted = host.accepted(0, &[1, 2]);
        let _ = step(&mut session, HostMessage::Accepted(accepted));
        let mut token = host.token(0, 0);
        cheat(&mut token);
        let said = refusal(&mut session, HostMessage::Token(token));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn nothing_is_signed_for_counts_heads_or_records_that_differ() {
    let (mut session, mut host) = answering(2);
    let honest = host.checkpoint();
    let mut counts = honest.clone();
    counts.output_tokens += 1;
    let mut sequence = honest.clone();
    sequence.sequence += 1;
    for wrong in [counts, sequence, wire::Checkpoint { head: B256::ZERO, ..honest.clone() }] {
        assert!(session.receive(HostMessage::Checkpoint(wrong)).is_err());
        assert_eq!(session.voucher(), None);
    }
    assert!(session.receive(HostMessage::Checkpoint(honest)).is_ok(), "a refusal changes nothing");

    let _ = step(&mut session, HostMessage::Token(host.token(0, 2)));
    let done = Host::done(0, 4, &params());
    let wrong = wire::Done { record: B256::ZERO, ..done };
    assert!(refusal(&mut session, HostMessage::Done(wrong)).contains("record"));
}

#[test]
fn the_end_is_at_the_counts_that_arrived() {
    let (mut session, mut host) = answering(3);
    let _ = step(&mut session, HostMessage::Checkpoint(host.checkpoint()));
    assert_eq!(session.close().map_err(|error| error.code()), Err(Code::SessionBusy));
    let _ = step(&mut session, HostMessage::Done(Host::done(0, 4, &params())));
    let _ = session.close().expect("nothing pending");
    let said = refusal(&mut session, HostMessage::Closed(host.closed(Usage::new(4, 4))));
    assert!(said.contains("other counts"), "{said}");
}

#[test]
fn a_resumed_answer_goes_on_where_it_was_and_no_token_is_told_twice() {
    let (mut session, mut host) = answering(1);
    let checkpoint = host.checkpoint();
    let _ = step(&mut session, HostMessage::Checkpoint(checkpoint.clone()));
    let second = host.token(0, 1);
    assert!(step(&mut session, HostMessage::Token(second.clone())).is_some());

    let hello = session.connect(B256::repeat_byte(6));
    let reaction = session.receive(host.hello_ack(&hello, &key(1))).expect("its signature");
    let [ClientMessage::Resume(resume)] = &reaction.send[..] else { panic!("{reaction:?}") };
    assert_eq!((resume.turns, resume.checkpoint, resume.head), (1, 1, checkpoint.head));
    let resumed = wire::Resumed { turns: 1, head: checkpoint.head, checkpoint: 1, tokens: 1 };
    let reaction = session.receive(HostMessage::Resumed(resumed)).expect("resumed");
    assert_eq!(reaction.event, Some(Event::Resumed));
    assert!(matches!(&reaction.send[..], [ClientMessage::Voucher(_)]), "the prompt had arrived: {reaction:?}");
    assert_eq!(step(&mut session, HostMessage::Token(second)), None, "told before the drop");
    assert!(step(&mut session, HostMessage::Token(host.token(0, 2))).is_some());
    assert!(step(&mut session, HostMessage::Checkpoint(host.checkpoint())).is_some());
    assert!(step(&mut session, HostMessage::Done(Host::done(0, 4, &params()))).is_some());
}

#[test]
fn a_restored_session_is_offered_again_what_its_snapshot_has_not_seen() {
    let (mut session, mut host) = answering(1);
    let checkpoint = host.checkpoint();
    let _ = step(&mut session, HostMessage::Checkpoint(checkpoint.clone()));
    let second = host.token(0, 1);
    let _ = step(&mut session, HostMessage::Token(second.clone()));
    let bytes = session.snapshot().expect("encodes");
    let signed = session.voucher();
    drop(session);

    let mut session = RenterSession::restore(&domain(), &bytes).expect("its own snapshot");
    assert_eq!((session.voucher(), session.verified_text()), (signed, "The "));
    greet(&mut session, &host);
    let resumed = wire::Resumed { turns: 1, head: checkpoint.head, checkpoint: 1, tokens: 1 };
    let _ = step(&mut session, HostMessage::Resumed(resumed));
    assert!(matches!(step(&mut session, HostMessage::Token(second)), Some(Event::Token { id: 101, .. })));
    let _ = step(&mut session, HostMessage::Token(host.token(0, 2)));
    assert!(step(&mut session, HostMessage::Checkpoint(host.checkpoint())).is_some(), "the same head as unbroken");
    assert!(step(&mut session, HostMessage::Done(Host::done(0, 4, &params()))).is_some());
    assert_eq!(session.messages().len(), 2);
}

#[test]
fn a_snapshot_of_another_chain_or_of_nothing_is_refused() {
    let bytes = answering(2).0.snapshot().expect("encodes");
    let other = Domain::new(1, Address::repeat_byte(9));
    assert_eq!(RenterSession::restore(&other, &bytes).map_err(|error| error.code()).err(), Some(Code::WrongChain));
    for length in 0..bytes.len() {
        assert!(RenterSession::restore(&domain(), &bytes[..length]).is_err(), "{length} bytes");
    }
}

#[test]
fn a_prompt_that_was_not_taken_leaves_the_conversation_as_it_was() {
    let (mut session, _) = opened();
    let _ = session.prompt("Who?".into(), params()).expect("a prompt");
    assert_eq!(session.prompt("What?".into(), params()).map_err(|error| error.code()).err(), Some(Code::SessionBusy));
    let evicted = wire::Evicted { id: 0, tokens: 40 };
    assert_eq!(step(&mut session, HostMessage::Evicted(evicted)), Some(Event::Evicted { tokens: 40 }));
    assert!(session.messages().is_empty() && !session.is_answering());

    let _ = session.prompt("Who?".into(), params()).expect("a prompt");
    let refused = ErrorFrame::new(Some(1), &Error::coded(Code::Overloaded, "later"));
    assert_eq!(step(&mut session, HostMessage::Error(refused.clone())), Some(Event::Refused(refused)));
    assert!(session.messages().is_empty() && session.is_open());
}

#[test]
fn a_prompt_that_fits_no_frame_leaves_the_session_as_it_was() {
    let (mut session, _) = opened();
    // Within CBOR's frame, but not within JSON's, which writes each as six characters.
    for prompt in ["x".repeat(wire::MAX_FRAME_BYTES), "\u{1}".repeat(wire::MAX_FRAME_BYTES / 4)] {
        assert_eq!(session.prompt(prompt, params()).map_err(|error| error.code()).err(), Some(Code::FrameTooLarge));
        assert!(session.messages().is_empty() && !session.is_answering());
    }
    assert!(session.prompt("Who?".into(), params()).is_ok());
}

#[test]
fn messages_in_the_wrong_phase_are_refused() {
    let (mut session, mut host) = opened();
    for message in [
        HostMessage::Opened(Box::new(host.opened.clone())),
        HostMessage::Closed(host.closed(Usage::new(0, 0))),
        HostMessage::Accepted(host.accepted(0, &[1])),
    ] {
        assert_eq!(session.receive(message).map_err(|error| error.code()).err(), Some(Code::UnexpectedMessage));
    }
    let mut apart = RenterSession::new(agreement());
    assert!(apart.prompt("Who?".into(), params()).is_err() && apart.close().is_err());
    assert!(apart.receive(HostMessage::Pong).is_err());
}

/// A session whose first answer is complete and vouched for.
fn answered() -> (RenterSession, Host) {
    let (mut session, mut host) = answering(3);
    let _ = step(&mut session, HostMessage::Checkpoint(host.checkpoint()));
    let _ = step(&mut session, HostMessage::Done(Host::done(0, 4, &params())));
    (session, host)
}

#[test]
fn a_cleared_conversation_begins_anew_with_the_same_heads_on_both_sides() {
    let (mut session, mut host) = answered();
    assert!(matches!(session.clear(), Ok(ClientMessage::Clear)));
    assert_eq!(session.prompt("Who?".into(), params()).map_err(|error| error.code()).err(), Some(Code::SessionBusy));
    host.ledger.edit(0, 7);
    assert_eq!(step(&mut session, HostMessage::Cleared), Some(Event::Cleared));
    assert!(session.messages().is_empty());
    assert!(refusal(&mut session, HostMessage::Cleared).contains("unasked"));

    let _ = session.prompt("Who?".into(), params()).expect("a prompt");
    let accepted = host.accepted(1, &[1, 2]);
    let _ = step(&mut session, HostMessage::Accepted(accepted));
    assert!(step(&mut session, HostMessage::Checkpoint(host.checkpoint())).is_some(), "the edit is in both heads");
}

#[test]
fn a_clear_that_a_dropped_connection_left_open_is_offered_again_or_asked_again() {
    for arrived in [false, true] {
        let (mut session, mut host) = answered();
        let _ = session.clear().expect("idle");
        greet(&mut session, &host);
        let resumed = wire::Resumed { turns: 1, head: B256::ZERO, checkpoint: 1, tokens: 0 };
        let _ = step(&mut session, HostMessage::Resumed(resumed));
        let again = HostMessage::Done(Host::done(0, 4, &params()));
        assert_eq!(step(&mut session, again), None, "known");
        let _ = session.clear().expect("asked again");
        host.ledger.edit(0, 7);
        assert_eq!(step(&mut session, HostMessage::Cleared), Some(Event::Cleared));
        if arrived {
            // The first was answered too; the second found nothing to drop.
            assert_eq!(step(&mut session, HostMessage::Cleared), Some(Event::Cleared));
        }
        let _ = session.prompt("Who?".into(), params()).expect("a prompt");
        let accepted = host.accepted(1, &[1, 2]);
        let _ = step(&mut session, HostMessage::Accepted(accepted));
        assert!(step(&mut session, HostMessage::Checkpoint(host.checkpoint())).is_some());
    }
}
