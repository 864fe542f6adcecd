//! Amounts, digests and signatures against `vectors/*.json`, which an independent program computed.

use alloy_primitives::{Address, B256, U256, hex};
use alloy_sol_types::SolStruct;
use fabstir_core::{
    Code, Error,
    abi::Terms,
    amount::{Amount, Prices, Usage},
    messages::{
        Checkpoint, Close, CloseRequest, Domain, Hello, Open, Order, Quote, Request, Signed, Voucher, session_id,
    },
    settlement::{Split, cancellation_fee_down, fee_down, gross_down, increment, payable_down},
    signature::{Signature65, SigningKey, recover},
};
use serde_json::Value;
use std::{fmt::Debug, fs, path::Path, str::FromStr};

/// A group of cases: lists of equal length, one a field.
struct Columns(Value);

impl Columns {
    fn read(file: &str, group: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors").join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut json: Value = serde_json::from_str(&text).expect("vectors are JSON");
        let columns = Self(json[group].take());
        assert!(columns.rows().next().is_some(), "{file}: no cases in {group}");
        columns
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let first = self.0.as_object().and_then(|columns| columns.values().next());
        let len = first.and_then(Value::as_array).map_or(0, Vec::len);
        (0..len).map(|index| Row { columns: self, index })
    }

    fn row(&self, index: usize) -> Row<'_> {
        Row { columns: self, index }
    }
}

#[derive(Clone, Copy)]
struct Row<'a> {
    columns: &'a Columns,
    index: usize,
}

impl Row<'_> {
    fn value(&self, column: &str) -> &Value {
        let value = &self.columns.0[column][self.index];
        assert!(!value.is_null(), "no {column} in case {}", self.index);
        value
    }

    fn text(&self, column: &str) -> &str {
        self.value(column).as_str().expect("a string")
    }

    fn get<T: FromStr<Err: Debug>>(&self, column: &str) -> T {
        self.text(column).parse().expect(column)
    }

    fn usage(&self) -> Usage {
        Usage::new(self.get("input_tokens"), self.get("output_tokens"))
    }

    fn prices(&self) -> Prices {
        Prices::new(self.get("input_price"), self.get("output_price"))
    }

    fn split(&self) -> Split {
        Split { host: self.get("host"), fee: self.get("fee") }
    }

    fn domain(&self) -> Domain {
        Domain::new(self.get("chain_id"), self.get("market"))
    }

    fn terms(&self) -> Terms {
        Terms {
            renter: self.get("renter"),
            host: self.get("host"),
            hostSigner: self.get("host_signer"),
            voucherSigner: self.get("voucher_signer"),
            token: self.get("token"),
            modelId: self.get("model_id"),
            inputPrice: self.get("input_price"),
            outputPrice: self.get("output_price"),
            expiresAt: self.get("expires_at"),
            grace: self.get("grace"),
            feeBps: self.get("fee_bps"),
            cancelBps: self.get("cancel_bps"),
            proofCap: self.get("proof_cap"),
            salt: self.get("salt"),
        }
    }
}

#[test]
fn gross() {
    for row in Columns::read("settlement.json", "gross").rows() {
        let gross = gross_down(row.usage(), row.prices());
        assert_eq!(gross, Ok(row.get("gross")), "{}", row.text("name"));
    }
}

#[test]
fn payable() {
    for row in Columns::read("settlement.json", "payable").rows() {
        let paid = payable_down(row.usage(), row.prices(), row.get("deposit"));
        assert_eq!(paid, Ok(row.get("paid")), "{}", row.text("name"));
    }
}

#[test]
fn fee() {
    for row in Columns::read("settlement.json", "fee").rows() {
        let fee: Amount = row.get("fee");
        assert_eq!(fee_down(row.get("paid"), row.get("fee_bps")), fee);
    }
}

#[test]
fn increments() {
    for row in Columns::read("settlement.json", "increments").rows() {
        let (before, after) = (row.get("settled_before"), row.get("settled_after"));
        let name = row.text("name");
        let split = increment(before, after, row.get("fee_bps"));
        assert_eq!(split, Ok(row.split()), "{name}");
        let paid = payable_down(row.usage(), row.prices(), row.get("deposit"));
        assert_eq!(paid, Ok(after), "{name}");
    }
}

#[test]
fn cancellation() {
    for row in Columns::read("settlement.json", "cancellation").rows() {
        let name = row.text("name");
        let (unspent, settled): (Amount, Amount) = (row.get("unspent"), row.get("settled"));
        let agreed: Amount = row.get("agreed");
        assert_eq!(cancellation_fee_down(unspent, row.get("cancel_bps")), agreed, "{name}");

        let due = row.value("due").as_bool().expect("a boolean");
        let paid: Amount = row.get("paid");
        assert_eq!(paid, if due { agreed } else { Amount::ZERO }, "{name}");
        let after = settled.checked_add(paid).expect("fits");
        assert_eq!(increment(settled, after, row.get("fee_bps")), Ok(row.split()), "{name}");
        assert_eq!(unspent.checked_sub(paid), Ok(row.get("refund")), "{name}");
    }
}

#[test]
fn domains() {
    for row in Columns::read("messages.json", "domains").rows() {
        assert_eq!(row.domain().separator(), row.get::<B256>("separator"));
    }
}

#[test]
fn types() {
    let ours = [
        ("Terms", Terms::eip712_encode_type()),
        ("Voucher", Voucher::eip712_encode_type()),
        ("Request", Request::eip712_encode_type()),
        ("Open", Open::eip712_encode_type()),
        ("CloseRequest", CloseRequest::eip712_encode_type()),
        ("Order", Order::eip712_encode_type()),
        ("Checkpoint", Checkpoint::eip712_encode_type()),
        ("Close", Close::eip712_encode_type()),
        ("Quote", Quote::eip712_encode_type()),
        ("Hello", Hello::eip712_encode_type()),
    ];
    let theirs = Columns::read("messages.json", "types");
    let find = |name: &str| theirs.rows().find(|row| row.text("name") == name).expect("a known type");
    for (name, encoded) in &ours {
        let row = find(name);
        assert_eq!(encoded, row.text("type"));
        assert_eq!(alloy_primitives::keccak256(encoded.as_ref()), row.get::<B256>("type_hash"));
    }
    // The domain's own type is the only other one.
    assert_eq!(theirs.rows().count(), ours.len() + 1);
}

#[test]
fn terms() {
    for row in Columns::read("messages.json", "terms").rows() {
        let terms = row.terms();
        assert_eq!(terms.eip712_hash_struct(), row.get::<B256>("struct_hash"));
        assert_eq!(session_id(&terms, &row.domain()), row.get::<U256>("session_id"));
    }
}

/// Digest, signature and recovery of every case in a group.
fn check_group<T: Signed>(group: &str, message: impl Fn(&Row<'_>) -> T) {
    for row in Columns::read("messages.json", group).rows() {
        check_signed(&message(&row), &row, &row.domain());
    }
}

fn check_signed(message: &impl Signed, row: &Row<'_>, domain: &Domain) {
    let secret: B256 = row.get("private_key");
    let key = SigningKey::from_bytes(&secret.0).expect("a valid key");
    let signer: Address = row.get("signer");
    let signature: Signature65 = row.get("signature");
    assert_eq!(key.address(), signer);
    assert_eq!(message.eip712_hash_struct(), row.get::<B256>("struct_hash"));
    assert_eq!(message.digest(domain), row.get::<B256>("digest"));
    assert_eq!(message.sign(domain, &key), signature);
    assert_eq!(message.verify(domain, &signature, signer), Ok(()));
    let nobody = Err(Error::WrongSigner { expected: Address::ZERO, actual: signer });
    assert_eq!(message.verify(domain, &signature, Address::ZERO), nobody);
}

#[test]
fn vouchers() {
    check_group("voucher", |row| Voucher {
        sessionId: row.get("session_id"),
        inputTokens: row.get("input_tokens"),
        outputTokens: row.get("output_tokens"),
        head: row.get("head"),
    });
}

#[test]
fn requests() {
    check_group("request", |row| Request {
        sessionId: row.get("session_id"),
        turn: row.get("turn"),
        context: row.get("context"),
        tokens: row.get("tokens"),
        params: row.get("params"),
        maxTokens: row.get("max_tokens"),
        nonce: row.get("nonce"),
        hostSeed: row.get("host_seed"),
    });
}

#[test]
fn opens() {
    check_group("open", |row| Open {
        sessionId: row.get("session_id"),
        challenge: row.get("challenge"),
        channelKey: row.get("channel_key"),
    });
}

#[test]
fn close_requests() {
    check_group("close_request", |row| CloseRequest {
        sessionId: row.get("session_id"),
        inputTokens: row.get("input_tokens"),
        outputTokens: row.get("output_tokens"),
        deadline: row.get("deadline"),
    });
}

#[test]
fn orders() {
    let terms = Columns::read("messages.json", "terms");
    for row in Columns::read("messages.json", "order").rows() {
        let terms = terms.row(row.get("terms"));
        let order = Order { terms: terms.terms(), deposit: row.get("deposit"), deadline: row.get("deadline") };
        check_signed(&order, &row, &terms.domain());
    }
}

#[test]
fn checkpoints() {
    check_group("checkpoint", |row| Checkpoint {
        sessionId: row.get("session_id"),
        sequence: row.get("sequence"),
        inputTokens: row.get("input_tokens"),
        outputTokens: row.get("output_tokens"),
        head: row.get("head"),
    });
}

#[test]
fn closes() {
    check_group("close", |row| Close {
        sessionId: row.get("session_id"),
        inputTokens: row.get("input_tokens"),
        outputTokens: row.get("output_tokens"),
        deadline: row.get("deadline"),
    });
}

#[test]
fn quotes() {
    check_group("quote", |row| Quote { sessionId: row.get("session_id"), validUntil: row.get("valid_until") });
}

#[test]
fn hellos() {
    check_group("hello", |row| Hello { challenge: row.get("challenge"), channelKey: row.get("channel_key") });
}

#[test]
fn unusual_signatures_are_accepted() {
    for row in Columns::read("messages.json", "accepted").rows() {
        let signer: Address = row.get("signer");
        let recovered = recover(row.get("digest"), &row.get("signature"));
        assert_eq!(recovered, Ok(signer), "{}", row.text("name"));
    }
}

#[test]
fn bad_signatures_are_refused() {
    for row in Columns::read("messages.json", "refused").rows() {
        let name = row.text("name");
        let bytes = hex::decode(row.text("signature")).expect("hex");
        let expected: Address = row.get("expected_signer");
        let recovered =
            Signature65::try_from(bytes.as_slice()).and_then(|signature| recover(row.get("digest"), &signature));
        match row.text("verdict") {
            "bad_signature" => {
                assert_eq!(recovered.map_err(|e| e.code()), Err(Code::BadSignature), "{name}");
            }
            "wrong_signer" => {
                assert_eq!(recovered, Ok(row.get("recovered")), "{name}");
                assert_ne!(recovered, Ok(expected), "{name}");
            }
            verdict => panic!("{name}: verdict {verdict}"),
        }
    }
}
