use super::*;
use crate::{Code, Error, abi::Terms, inference::FinishReason, signature::Signature65, transcript::Profile};
use alloy_primitives::{Address, B256, U256, hex, keccak256};
use proptest::prelude::*;

fn word(number: u64) -> B256 {
    keccak256(number.to_be_bytes())
}

fn signature(number: u8) -> Signature65 {
    Signature65::new([number; 65])
}

fn terms() -> WireTerms {
    WireTerms {
        renter: Address::repeat_byte(1),
        host: Address::repeat_byte(2),
        host_signer: Address::repeat_byte(3),
        voucher_signer: Address::repeat_byte(4),
        token: Address::ZERO,
        model_id: word(5),
        input_price: 1,
        output_price: u128::MAX,
        expires_at: u64::MAX,
        grace: 7,
        fee_bps: 8,
        cancel_bps: 9,
        proof_cap: 1 << 100,
        salt: U256::MAX,
    }
}

fn profile() -> Profile {
    Profile {
        model_id: word(1),
        kv_type_k: 1,
        kv_type_v: 8,
        flash_attention: true,
        context_length: 4096,
        vocabulary: 32_000,
        runtime: word(2),
        sampler: crate::sampling::sampler_id(),
    }
}

fn request() -> SignedRequest {
    SignedRequest {
        turn: 3,
        context: word(1),
        tokens: word(2),
        params: word(3),
        max_tokens: 512,
        nonce: word(4),
        host_seed: word(5),
        signature: signature(6),
    }
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        sequence: 1,
        input_tokens: 2,
        output_tokens: u64::MAX,
        head: word(1),
        fingerprints: vec![word(2), B256::ZERO],
        signature: signature(3),
    }
}

fn client_messages() -> Vec<ClientMessage> {
    let prompt = Prompt {
        id: 1,
        text: Some("hello \"\\ \u{1f600}\0".to_owned()),
        messages: None,
        params: Params { stop: vec!["\n".to_owned()], ..Params::new(word(1)) },
        request: Some(request()),
    };
    let messages = Some(vec![Message::system("be kind"), Message::user("hello"), Message::assistant("yes")]);
    let whole = Prompt { id: u32::MAX, text: None, messages, request: None, ..prompt.clone() };
    vec![
        ClientMessage::Hello(Hello { versions: vec![1], capabilities: vec!["evict".to_owned()], challenge: word(1) }),
        ClientMessage::Open(Box::new(Open {
            terms: terms(),
            secret: word(1),
            channel_key: B256::ZERO,
            signature: signature(1),
        })),
        ClientMessage::Resume(Resume {
            session_id: U256::MAX,
            channel_key: word(1),
            signature: signature(2),
            turns: 4,
            head: word(2),
            checkpoint: 9,
        }),
        ClientMessage::Prompt(prompt),
        ClientMessage::Prompt(whole),
        ClientMessage::Voucher(Voucher { input_tokens: 1, output_tokens: 2, head: word(3), signature: signature(4) }),
        ClientMessage::Cancel(Cancel { id: 3 }),
        ClientMessage::Clear,
        ClientMessage::Ping,
        ClientMessage::Handoff,
        ClientMessage::Close,
    ]
}

fn host_messages() -> Vec<HostMessage> {
    let price = TokenPrice { token: Address::ZERO, input_price: 60_000, output_price: 1 << 90 };
    let model = ModelOffer { model_id: word(1), name: "small".to_owned(), context_length: 2048, prices: vec![price] };
    vec![
        HostMessage::HelloAck(Box::new(HelloAck {
            version: VERSION,
            capabilities: vec![],
            models: vec![model],
            limits: Limits { max_frame_bytes: 1 << 20, max_prompt_bytes: 65_536, max_output_tokens: 4096 },
            challenge: word(1),
            channel_key: B256::ZERO,
            signature: signature(1),
        })),
        HostMessage::Opened(Box::new(Opened {
            session_id: U256::from(1) << 200,
            profile: profile(),
            deposit: U256::from(10).pow(U256::from(18)),
            settled: U256::ZERO,
            credit_tokens: 256,
            checkpoint_tokens: 64,
            context: 2048,
            retention_seconds: 600,
            overhead: 12,
            seed_commitment: word(2),
        })),
        HostMessage::Resumed(Resumed { turns: 2, head: word(1), checkpoint: 3, tokens: 9 }),
        HostMessage::Accepted(Accepted { id: 1, turn: 0, input_tokens: 3, tokens: vec![1, 2, 3], host_seed: word(1) }),
        HostMessage::Token(Token { id: 1, index: 0, text: " cat".to_owned(), token: 412 }),
        HostMessage::Done(Done {
            id: 1,
            finish_reason: FinishReason::Cancelled,
            usage: TurnUsage { input_tokens: 3, output_tokens: 1 },
            record: word(1),
        }),
        HostMessage::Checkpoint(checkpoint()),
        HostMessage::VoucherDue(VoucherDue { unpaid: U256::from(5) }),
        HostMessage::Evicted(Evicted { id: 1, tokens: 900 }),
        HostMessage::Cleared,
        HostMessage::Pong,
        HostMessage::Closed(Closed { input_tokens: 1, output_tokens: 2, deadline: 3, signature: signature(4) }),
        HostMessage::Error(ErrorFrame::new(Some(4), &Error::coded(Code::Overloaded, "busy"))),
        HostMessage::Error(ErrorFrame::new(None, &Error::VoucherBackwards)),
    ]
}

const FORMATS: [Format; 2] = [Format::Json, Format::Cbor];

/// A JSON text as a frame of either format.
fn frame(json: &str, format: Format) -> Vec<u8> {
    match format {
        Format::Json => json.as_bytes().to_vec(),
        Format::Cbor => {
            let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
            crate::cbor::to_vec(&value).expect("encodes")
        }
    }
}

fn refused(frame: &[u8], format: Format) -> (Option<u32>, Code) {
    let error = decode_client(frame, format).expect_err("must be refused");
    (error.id, error.error.code())
}

#[test]
fn every_message_survives_both_formats() {
    for format in FORMATS {
        for message in client_messages() {
            let frame = encode(&message, format).expect("encodes");
            assert_eq!(decode_client(&frame, format), Ok(message));
        }
        for message in host_messages() {
            let frame = encode(&message, format).expect("encodes");
            assert_eq!(decode_host(&frame, format), Ok(message));
        }
    }
}

#[test]
fn no_message_is_read_by_the_wrong_side_or_in_the_wrong_format() {
    for format in FORMATS {
        let other = FORMATS[usize::from(format == Format::Json)];
        for message in client_messages() {
            let frame = encode(&message, format).expect("encodes");
            assert_eq!(decode_host(&frame, format).expect_err("the client's").error.code(), Code::UnknownMessage);
            assert_eq!(refused(&frame, other).1, Code::MalformedFrame);
        }
    }
}

#[test]
fn json_reads_as_the_protocol_says() {
    let voucher = Voucher { input_tokens: 12, output_tokens: u64::MAX, head: B256::ZERO, signature: signature(0xab) };
    let frame = encode(&ClientMessage::Voucher(voucher), Format::Json).expect("encodes");
    let expected = format!(
        r#"{{"type":"voucher","input_tokens":"12","output_tokens":"18446744073709551615","head":"0x{}","signature":"0x{}"}}"#,
        "00".repeat(32),
        "ab".repeat(65)
    );
    assert_eq!(String::from_utf8(frame), Ok(expected));
    assert_eq!(encode(&ClientMessage::Ping, Format::Json).as_deref(), Ok(&br#"{"type":"ping"}"#[..]));
    let token = HostMessage::Token(Token { id: 1, index: 2, text: "a".to_owned(), token: 3 });
    let frame = encode(&token, Format::Json).expect("encodes");
    assert_eq!(frame, br#"{"type":"token","id":1,"index":2,"text":"a","token":3}"#);
}

#[test]
fn cbor_reads_as_the_protocol_says() {
    let due = HostMessage::VoucherDue(VoucherDue { unpaid: U256::from(5) });
    let expected = [
        &hex!("a2 64 74797065 6b 766f75636865725f647565 66 756e70616964 5820")[..],
        &U256::from(5).to_be_bytes::<32>(),
    ]
    .concat();
    assert_eq!(encode(&due, Format::Cbor), Ok(expected));
    // Prices have 128 bits and take 32 bytes all the same.
    let price = TokenPrice { token: Address::ZERO, input_price: 1, output_price: u128::MAX };
    let bytes = crate::cbor::to_vec(&price).expect("encodes");
    let wide = [&[0x58, 0x20][..], &[0; 16], &[0xff; 16]].concat();
    assert!(bytes.windows(wide.len()).any(|window| window == wide));
}

#[test]
fn unknown_fields_are_ignored_and_unknown_types_named() {
    for format in FORMATS {
        let known = frame(r#"{"type":"cancel","id":7,"later":{"a":[1,null,"x",{"type":1}]}}"#, format);
        assert_eq!(decode_client(&known, format), Ok(ClientMessage::Cancel(Cancel { id: 7 })));
        let unknown = frame(r#"{"type":"dance","id":7}"#, format);
        assert_eq!(refused(&unknown, format), (Some(7), Code::UnknownMessage));
        let nameless = frame(r#"{"type":"dance"}"#, format);
        assert_eq!(refused(&nameless, format), (None, Code::UnknownMessage));
    }
}

#[test]
fn fields_come_in_any_order_but_once() {
    // {"type": "cancel", "id": 1}, and with each of them twice.
    let free = hex!("a2 6474797065 6663616e63656c 626964 01");
    assert_eq!(decode_client(&free, Format::Cbor), Ok(ClientMessage::Cancel(Cancel { id: 1 })));
    for twice in [
        &hex!("a3 6474797065 6663616e63656c 626964 01 626964 02")[..],
        &hex!("a3 6474797065 6663616e63656c 6474797065 6470696e67 626964 01"),
    ] {
        assert_eq!(refused(twice, Format::Cbor).1, Code::MalformedFrame);
    }
}

#[test]
fn ids_are_told_whenever_they_can_be_read() {
    for format in FORMATS {
        let no_params = frame(r#"{"type":"prompt","id":9,"text":"x"}"#, format);
        assert_eq!(refused(&no_params, format), (Some(9), Code::MalformedFrame));
        for id in ["-1", "4294967296", "1.5", "\"9\"", "true", "null", "[1]", "{\"a\":1}"] {
            let odd = frame(&format!(r#"{{"type":"cancel","id":{id}}}"#), format);
            assert_eq!(refused(&odd, format), (None, Code::MalformedFrame), "{id}");
        }
    }
}

#[test]
fn frames_that_are_no_messages_are_malformed() {
    for format in FORMATS {
        for text in ["{}", "[]", "null", "1", "\"ping\"", r#"["ping"]"#, r#"{"type":1}"#, r#"{"type":null}"#] {
            assert_eq!(refused(&frame(text, format), format), (None, Code::MalformedFrame), "{text}");
        }
        assert_eq!(refused(b"", format), (None, Code::MalformedFrame));
    }
    for text in ["{", "{\"type\":\"ping\"", "{\"type\":\"ping\"} x", "{\"type\":\"ping\",}", "\u{feff}{}", "{]"] {
        assert_eq!(refused(text.as_bytes(), Format::Json).1, Code::MalformedFrame, "{text}");
    }
    assert_eq!(refused(br#"{"type":"ping","type":"close"}"#, Format::Json).1, Code::MalformedFrame);
    assert_eq!(refused(b"{\"type\":\"\xff\"}", Format::Json).1, Code::MalformedFrame);
}

#[test]
fn deep_nesting_and_large_frames_are_refused_before_they_are_read() {
    for opening in ["[", "{\"a\":", "[{\"a\":"] {
        for prefix in ["", "{\"type\":\"ping\",\"x\":"] {
            let deep = format!("{prefix}{}", opening.repeat(10_000));
            assert_eq!(refused(deep.as_bytes(), Format::Json).1, Code::MalformedFrame);
        }
    }
    let closed = format!("{{\"type\":\"ping\",\"x\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(refused(closed.as_bytes(), Format::Json).1, Code::MalformedFrame);
    let brackets_in_text = format!("{{\"type\":\"ping\",\"x\":\"\\\"{}\"}}", "[{".repeat(10_000));
    assert_eq!(decode_client(brackets_in_text.as_bytes(), Format::Json), Ok(ClientMessage::Ping));
    // {"type": "ping", "x": [[[...
    let deep = [&hex!("a2 6178")[..], &[0x81; 10_000], &hex!("80 6474797065 6470696e67")].concat();
    assert_eq!(refused(&deep, Format::Cbor).1, Code::MalformedFrame);
    for format in FORMATS {
        assert_eq!(refused(&vec![b' '; MAX_FRAME_BYTES + 1], format).1, Code::FrameTooLarge);
        let long = HostMessage::Token(Token { id: 1, index: 0, text: "x".repeat(MAX_FRAME_BYTES), token: 0 });
        assert_eq!(encode(&long, format).map_err(|error| error.code()), Err(Code::FrameTooLarge));
    }
}

#[test]
fn declared_lengths_allocate_nothing() {
    // {"type": "accepted", "tokens": an array, text or bytes of 2^62}
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        let frame = [&hex!("a2 6474797065 686163636570746564 66746f6b656e73")[..], &[major, 0x40], &[0; 7]].concat();
        assert_eq!(decode_host(&frame, Format::Cbor).expect_err("short").error.code(), Code::MalformedFrame);
    }
}

#[test]
fn numbers_have_one_form() {
    let decode = |text: &str| {
        let json = format!(r#"{{"type":"voucher_due","unpaid":{text}}}"#);
        decode_host(json.as_bytes(), Format::Json)
    };
    assert!(decode("\"0\"").is_ok());
    assert!(decode(&format!("\"{}\"", U256::MAX)).is_ok());
    let above = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    for bad in ["5", "\"\"", "\"05\"", "\"+5\"", "\"-5\"", "\" 5\"", "\"5.0\"", "\"1e3\"", "\"0x5\"", "\"1_0\"", "null"]
    {
        assert_eq!(decode(bad).expect_err(bad).error.code(), Code::MalformedFrame);
    }
    assert!(decode(&format!("\"{above}\"")).is_err());
    assert!(decode(&format!("\"{}\"", "9".repeat(5_000))).is_err());
}

#[test]
fn bytes_have_their_length_and_prefix() {
    let decode = |text: &str| {
        let json = format!(r#"{{"type":"hello","versions":[1],"challenge":"{text}"}}"#);
        decode_client(json.as_bytes(), Format::Json)
    };
    assert!(decode(&format!("0x{}", "aB".repeat(32))).is_ok());
    for bad in ["", "0x", &"ab".repeat(32), &format!("0x{}", "ab".repeat(31)), &format!("0x{}", "ab".repeat(33))] {
        assert!(decode(bad).is_err(), "{bad}");
    }
    assert!(decode(&format!("0x{}", "zz".repeat(32))).is_err());
    let hello = ClientMessage::Hello(Hello { versions: vec![1], capabilities: vec![], challenge: word(1) });
    let frame = encode(&hello, Format::Cbor).expect("encodes");
    let short = crate::cbor::to_vec(&serde_json::json!({"type": "hello", "versions": [1], "challenge": "0x"}));
    assert!(decode_client(&frame, Format::Cbor).is_ok());
    assert!(decode_client(&short.expect("encodes"), Format::Cbor).is_err());
}

#[test]
fn a_secret_is_in_no_error() {
    let json = r#"{"type":"open","secret":"0xdeadbeef","terms":{}}"#;
    let error = decode_client(json.as_bytes(), Format::Json).expect_err("too short").to_string();
    assert!(!error.contains("deadbeef"), "{error}");
}

#[test]
fn parameters_have_defaults_and_bounds() {
    let json = format!(r#"{{"type":"prompt","id":1,"text":"x","params":{{"nonce":"{}"}}}}"#, word(1));
    let Ok(ClientMessage::Prompt(prompt)) = decode_client(json.as_bytes(), Format::Json) else { panic!("a prompt") };
    assert_eq!(prompt.params, Params::new(word(1)));
    assert_eq!(prompt.validate(), Ok(()));
    let good = Params::new(word(1));
    let longest = Params { stop: vec!["x".repeat(MAX_STOP_BYTES); MAX_STOPS], ..good.clone() };
    assert_eq!(longest.validate(), Ok(()));
    let bad = [
        Params { temperature: 2001, ..good.clone() },
        Params { max_tokens: 0, ..good.clone() },
        Params { stop: vec!["x".to_owned(); MAX_STOPS + 1], ..good.clone() },
        Params { stop: vec![String::new()], ..good.clone() },
        Params { stop: vec!["ü".repeat(MAX_STOP_BYTES / 2 + 1)], ..good },
    ];
    for params in bad {
        assert_eq!(params.validate().map_err(|error| error.code()), Err(Code::InvalidParams), "{params:?}");
    }
}

#[test]
fn a_prompt_is_a_text_or_messages() {
    let prompt = |text: Option<&str>, messages| Prompt {
        id: 1,
        text: text.map(str::to_owned),
        messages,
        params: Params::new(word(1)),
        request: None,
    };
    assert_eq!(prompt(None, Some(vec![Message::user("x")])).validate(), Ok(()));
    for bad in [prompt(None, None), prompt(None, Some(vec![])), prompt(Some("x"), Some(vec![Message::user("x")]))] {
        assert_eq!(bad.validate().map_err(|error| error.code()), Err(Code::InvalidParams));
    }
}

#[test]
fn terms_pass_through_the_mirror() {
    let ours = Terms::from(terms());
    assert_eq!((ours.hostSigner, ours.voucherSigner), (Address::repeat_byte(3), Address::repeat_byte(4)));
    assert_eq!(WireTerms::from(ours), terms());
}

#[test]
fn errors_keep_their_code_across_the_wire() {
    for code in Code::ALL {
        let frame = ErrorFrame::new(None, &Error::coded(*code, "why"));
        assert_eq!(frame.retryable, code.is_retryable());
        assert_eq!(frame.to_error(), Error::coded(*code, "why"));
    }
    let newer = ErrorFrame { id: None, code: "sunspots".to_owned(), message: "why".to_owned(), retryable: true };
    assert_eq!(newer.to_error(), Error::coded(Code::Internal, "sunspots: why"));
}

#[test]
fn formats_and_subprotocols_name_each_other() {
    for format in FORMATS {
        assert_eq!(Format::from_subprotocol(format.subprotocol()), Some(format));
    }
    assert_eq!(Format::from_subprotocol("fabstir.v2.json"), None);
}

proptest! {
    #[test]
    fn any_numbers_and_bytes_survive(
        (input_tokens, output_tokens) in any::<(u64, u64)>(),
        price: u128,
        id: [u8; 32],
        raw in proptest::collection::vec(any::<u8>(), 65),
    ) {
        let signature = Signature65::new(raw.try_into().expect("65 bytes"));
        let voucher = Voucher { input_tokens, output_tokens, head: B256::from(id), signature };
        let open = Open {
            terms: WireTerms { input_price: price, salt: U256::from_be_bytes(id), ..terms() },
            secret: B256::from(id),
            channel_key: B256::ZERO,
            signature,
        };
        for message in [ClientMessage::Voucher(voucher), ClientMessage::Open(Box::new(open))] {
            for format in FORMATS {
                let frame = encode(&message, format).expect("encodes");
                prop_assert_eq!(decode_client(&frame, format), Ok(message.clone()));
            }
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            prop_assert!(decode_client(&bytes, format).is_err());
            prop_assert!(decode_host(&bytes, format).is_err());
        }
    }

    #[test]
    fn damaged_frames_never_panic(which: prop::sample::Index, at: prop::sample::Index, byte: u8, cut: bool) {
        for format in FORMATS {
            let mut frame = encode(which.get(&host_messages()), format).expect("encodes");
            let at = at.index(frame.len());
            if cut {
                frame.truncate(at);
                prop_assert!(decode_host(&frame, format).is_err());
            } else {
                frame[at] = byte;
                if let Ok(message) = decode_host(&frame, format) {
                    let again = encode(&message, format).expect("encodes");
                    prop_assert_eq!(decode_host(&again, format), Ok(message));
                }
            }
        }
    }
}

#[test]
fn neither_secrets_nor_conversations_are_shown_for_debugging() {
    let secret = B256::repeat_byte(0xd7);
    let open = Open { terms: terms(), secret, channel_key: B256::ZERO, signature: signature(1) };
    let words = "the baker's name";
    let asked = |text: Option<String>, messages| Prompt { id: 1, text, messages, params: params(), request: None };
    let token = Token { id: 1, index: 2, text: words.into(), token: 31_999 };
    let accepted = Accepted { id: 1, turn: 0, input_tokens: 2, tokens: vec![31_998, 31_999], host_seed: B256::ZERO };
    for shown in [
        format!("{:?}", ClientMessage::Open(Box::new(open))),
        format!("{:?}", ClientMessage::Prompt(asked(Some(words.into()), None))),
        format!("{:?}", ClientMessage::Prompt(asked(None, Some(vec![Message::user(words)])))),
        format!("{:?}", HostMessage::Token(token)),
        format!("{:#?}", HostMessage::Accepted(accepted)),
    ] {
        for kept in ["d7d7", "baker", "31999", "31998"] {
            assert!(!shown.contains(kept), "{shown}");
        }
    }
}

fn params() -> Params {
    Params::new(B256::ZERO)
}
