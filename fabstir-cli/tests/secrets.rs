//! What must never be in a log, even in one that has everything else: keys, secrets and what was said.

mod common;

use alloy_primitives::hex;
use common::{DevChain, Home, free_port, tiny_model};
use fabstir_chain::anvil::dev_key;
use fabstir_client::Store;
use serde_json::Value;

const QUESTION: &str = "Who is the baker of the town?";

/// The forms in which bytes end up in logs.
fn forms(bytes: &[u8]) -> [String; 3] {
    let hex = hex::encode(bytes);
    [hex.to_uppercase(), hex, format!("{bytes:?}").trim_matches(['[', ']']).to_owned()]
}

fn assert_absent(log: &str, what: &str, forms: &[String]) {
    for form in forms {
        let Some(at) = log.find(form) else { continue };
        let line = log[..at].rfind('\n').map_or(0, |end| end + 1);
        panic!("{what} is in the log: {:.300}", &log[line..]);
    }
}

#[test]
fn a_log_of_everything_has_neither_keys_nor_conversations() {
    let chain = DevChain::start();
    let (host_home, renter_home) = (Home::on(&chain), Home::on(&chain));
    let model = tiny_model().display().to_string();
    let listen = format!("127.0.0.1:{}", free_port());
    host_home.json(&[
        "--dev-key",
        "1",
        "host",
        "register",
        "--model",
        &model,
        "--listen",
        &listen,
        "--price",
        "ETH=0.4/1.6",
    ]);
    let host_log = host_home.path("log");
    let run = ["--dev-key", "1", "host", "run", "--model", &model, "--listen", &listen];
    let mut host = host_home.start_logging(&run, &host_log);
    host.event("listening");
    let chat = ["--json", "--log", "trace", "--dev-key", "2", "chat", "--deposit", "0.01", "--ask", QUESTION];
    let output = renter_home.run(&chat);
    let renter_log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{:.2000}", renter_log);
    host.interrupt();
    host.event("stopped");
    host.finish();

    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let answer = events.iter().find(|event| event["event"] == "answer").expect("an answer");
    let answer = answer["text"].as_str().filter(|text| text.len() > 8).expect("a sentence").to_owned();
    let store = Store::open(&renter_home.path("data/sessions.redb")).expect("the renter's store");
    let record = serde_json::to_value(&store.records().expect("records")[0].1).expect("JSON");
    let kept = |name: &str| hex::decode(record[name].as_str().expect("hex")).expect("32 bytes");

    let host_log = std::fs::read_to_string(host_log).expect("a log");
    for (whose, log) in [("host", &host_log), ("renter", &renter_log)] {
        let is_everything = log.contains("TRACE") && log.contains("tungstenite") && log.contains("hyper");
        assert!(is_everything, "{whose}: there is no log to look at: {log:.2000}");
        for secret in [kept("voucher_key"), kept("secret"), dev_key(1).expect("key").expose_secret().to_vec()] {
            assert_absent(log, &format!("{whose}: a secret"), &forms(&secret));
        }
        assert_absent(log, &format!("{whose}: the renter's key"), &forms(dev_key(2).expect("key").expose_secret()));
        for words in [QUESTION, answer.as_str()] {
            assert_absent(log, &format!("{whose}: what was said"), &[words.to_owned()]);
            assert_absent(log, &format!("{whose}: what was said"), &forms(words.as_bytes()));
        }
    }
}
