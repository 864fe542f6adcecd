//! The whole story by the built binary: a chain, a host, a paid conversation, and every amount at the end of it.

mod common;

use common::{DevChain, Home, Running, free_port, tiny_model};
use fabstir_core::{
    amount::{Amount, Prices, Usage},
    settlement::{fee_down, payable_down},
};
use serde_json::Value;

const FEE_BPS: u16 = 1_500;
/// What two keys are called on the command line: the host's and the renter's.
const HOST: [&str; 2] = ["--dev-key", "1"];
const RENTER: [&str; 2] = ["--dev-key", "2"];

fn units(money: &Value) -> Amount {
    let text = money["base_units"].as_str().unwrap_or_else(|| panic!("no amount: {money}"));
    Amount::parse_units(text, 0).expect("an amount")
}

fn price(offer: &Value, which: &str) -> u128 {
    offer[which].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no price: {offer}"))
}

fn count(value: &Value, which: &str) -> u64 {
    value[which].as_u64().unwrap_or_else(|| panic!("no count {which}: {value}"))
}

fn events<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

/// What the counts of a closing cost at the prices of an opening.
fn owed(opened: &Value, closed: &Value) -> Amount {
    let prices = Prices::new(price(opened, "input_base_units"), price(opened, "output_base_units"));
    let usage = Usage::new(count(closed, "input_tokens"), count(closed, "output_tokens"));
    payable_down(usage, prices, units(&opened["deposit"])).expect("owed")
}

/// What the host's account can withdraw of a token.
fn earned(home: &Home, symbol: &str) -> Amount {
    let status = home.json(&[&HOST[..], &["host", "status"]].concat());
    let earnings = status["earnings"].as_array().expect("earnings").clone();
    units(earnings.iter().find(|money| money["symbol"] == symbol).expect("the token"))
}

fn start_host(home: &Home, listen: &str) -> Running {
    let model = tiny_model().display().to_string();
    let mut host = home.start(&[&HOST[..], &["host", "run", "--model", &model, "--listen", listen]].concat());
    host.event("listening");
    host
}

#[test]
fn a_paid_conversation_end_to_end() {
    let chain = DevChain::start();
    let (host_home, renter_home) = (Home::on(&chain), Home::on(&chain));
    let model = tiny_model().display().to_string();
    let listen = format!("127.0.0.1:{}", free_port());

    // The host joins, twice: the second time there is nothing to do.
    let prices = ["--price", "ETH=0.4/1.6", "--price", "TUSD=1000/4000"];
    let register = [&HOST[..], &["host", "register", "--model", &model, "--listen", &listen], &prices].concat();
    let registered = host_home.json(&register);
    assert_eq!(registered["stake"]["amount"], "1000");
    assert_eq!(registered["offers"].as_array().map(Vec::len), Some(2));
    assert!(registered["transactions"].as_array().is_some_and(|sent| sent.len() == 2), "{registered}");
    assert_eq!(host_home.json(&register)["transactions"].as_array().map(Vec::len), Some(0));
    let mut host = start_host(&host_home, &listen);

    // Renters find it, cheapest first, by model and token.
    let found = renter_home.json(&["hosts", "--model", &model, "--token", "ETH"]);
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!((&found[0]["input"], &found[0]["output"]), (&"0.4".into(), &"1.6".into()));
    assert_eq!(found[0]["url"], format!("ws://{listen}"));
    assert_eq!(found[0]["model_name"], "fabstir-tiny");

    ask_twice_in_coin(&host_home, &renter_home);
    talk_in_tokens_until_interrupted(&host_home, &renter_home);
    session_opened_before(&host_home, &renter_home);
    leave_a_session(&chain, &host_home, &renter_home);
    stop_and_withdraw(&chain, &host_home, &renter_home, &mut host);
    host.finish();
}

/// `chat --ask` twice, then the amounts: every base unit of the deposit is with the host, the market or back.
fn ask_twice_in_coin(host_home: &Home, renter_home: &Home) {
    let (before, earned_before) = (balance(renter_home, 0), earned(host_home, "ETH"));
    let save = renter_home.path("talk.json").display().to_string();
    let chat = ["chat", "--deposit", "0.01", "--ask", "Who is the baker?", "--ask", "And the doctor?", "--save", &save];
    let said = renter_home.events(&[&RENTER[..], &chat].concat());
    let (opened, closed) = (events(&said, "opened")[0], events(&said, "closed")[0]);
    let answers = events(&said, "answer");
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|answer| answer["text"].as_str().is_some_and(|text| !text.is_empty())));
    assert!(answers.iter().all(|answer| count(answer, "vouchers") > 0));
    let sum = |which: &str| answers.iter().map(|answer| count(answer, which)).sum::<u64>();
    assert_eq!(
        (sum("input_tokens"), sum("output_tokens")),
        (count(closed, "input_tokens"), count(closed, "output_tokens"))
    );

    let (deposit, paid, refund) = (units(&opened["deposit"]), units(&closed["paid"]), units(&closed["refund"]));
    assert_eq!(deposit, Amount::parse_units("0.01", 18).expect("deposit"));
    assert_eq!(paid, owed(opened, closed));
    assert_eq!(units(&answers[1]["owed"]), paid);
    assert_eq!(paid.checked_add(refund).expect("sum"), deposit);
    assert_eq!(closed["settled_by"], "host");
    let spent = paid.checked_add(units(&closed["gas_paid"])).expect("sum");
    assert_eq!(balance(renter_home, 0), before.checked_sub(spent).expect("what is left"));
    let net = paid.checked_sub(fee_down(paid, FEE_BPS)).expect("net");
    assert_eq!(earned(host_home, "ETH"), earned_before.checked_add(net).expect("sum"));

    let id = closed["session_id"].as_str().expect("id");
    let shown = renter_home.json(&["session", "show", id]);
    assert_eq!((&shown["status"], &shown["settled"]), (&"completed".into(), &closed["paid"]));
    assert_eq!(shown["signed"], shown["settled"]);
    assert!(renter_home.json(&["session", "list"]).as_array().is_some_and(Vec::is_empty));
    assert_eq!(renter_home.json(&["session", "list", "--all"])[0]["session_id"], id);
    renter_home.fails("session_not_active", &[&RENTER[..], &["session", "close", id]].concat());

    // What was saved is gone on from in another session.
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&save).expect("saved")).expect("JSON");
    assert_eq!(saved["messages"].as_array().map(Vec::len), Some(4));
    let again = ["chat", "--deposit", "0.01", "--history", &save, "--save", &save, "--ask", "And the teacher?"];
    renter_home.events(&[&RENTER[..], &again].concat());
    let saved: Value = serde_json::from_str(&std::fs::read_to_string(&save).expect("saved")).expect("JSON");
    assert_eq!(saved["messages"].as_array().map(Vec::len), Some(6));
}

/// Questions from stdin, paid in a 6-decimal token, ended by Ctrl-C.
fn talk_in_tokens_until_interrupted(host_home: &Home, renter_home: &Home) {
    let (before, earned_before) = (balance(renter_home, 2), earned(host_home, "TUSD"));
    let mut chat = renter_home.start(&[&RENTER[..], &["chat", "--token", "TUSD", "--deposit", "5"]].concat());
    let opened = chat.event("opened");
    chat.type_line("Who is the baker?");
    let answer = chat.event("answer");
    assert_eq!(answer["finish_reason"], "stop");
    chat.interrupt();
    let closed = chat.event("closed");
    chat.finish();
    let paid = units(&closed["paid"]);
    assert_eq!(paid, owed(&opened, &closed));
    assert_eq!(paid.checked_add(units(&closed["refund"])).expect("sum"), units(&opened["deposit"]));
    assert_eq!(balance(renter_home, 2), before.checked_sub(paid).expect("what is left"));
    let net = paid.checked_sub(fee_down(paid, FEE_BPS)).expect("net");
    assert_eq!(earned(host_home, "TUSD"), earned_before.checked_add(net).expect("sum"));
}

/// `session open`, then `chat --session`; and one that is closed without a word.
fn session_opened_before(host_home: &Home, renter_home: &Home) {
    let opened = renter_home.json(&[&RENTER[..], &["session", "open", "--deposit", "0.002"]].concat());
    let id = opened["session_id"].as_str().expect("id").to_owned();
    let status = host_home.json(&[&HOST[..], &["host", "status"]].concat());
    assert_eq!(status["active_sessions"][0]["session_id"], id);
    let listed = renter_home.json(&["session", "list"]);
    assert_eq!((&listed[0]["session_id"], &listed[0]["unspent"]), (&Value::from(id.clone()), &opened["deposit"]));
    let said =
        renter_home.events(&[&RENTER[..], &["chat", "--session", &id[..12], "--ask", "Who is the baker?"]].concat());
    let closed = events(&said, "closed")[0];
    assert_eq!(closed["session_id"], id);
    assert!(!units(&closed["paid"]).is_zero());

    // The market's bounds are told in the token's units.
    let dust =
        renter_home.fails("invalid_params", &[&RENTER[..], &["session", "open", "--deposit", "0.0001"]].concat());
    assert!(dust.contains("at least 0.0002 ETH a session, not 0.0001 ETH"), "{dust}");

    let opened = renter_home.json(&[&RENTER[..], &["session", "open", "--deposit", "0.002"]].concat());
    let id = opened["session_id"].as_str().expect("id");
    extend(renter_home, id, count(&renter_home.json(&["session", "show", id]), "expires_at"));
    let closed = renter_home.json(&[&RENTER[..], &["session", "close", id]].concat());
    assert_eq!((units(&closed["paid"]), &closed["refund"]["amount"]), (Amount::ZERO, &"0.003".into()));
}

/// `session extend` by money, by hours, and by both after a cancellation.
fn extend(renter_home: &Home, id: &str, until: u64) {
    let extend = |flags: &'static [&'static str]| [&RENTER[..], &["session", "extend", id], flags].concat();
    let more = &renter_home.json(&extend(&["--deposit", "0.0005"]))["session"];
    assert_eq!((&more["deposit"]["amount"], count(more, "expires_at")), (&"0.0025".into(), until));
    renter_home.json(&[&RENTER[..], &["session", "cancel", id]].concat());
    let both = &renter_home.json(&extend(&["--deposit", "0.0005", "--hours", "2"]))["session"];
    assert_eq!((&both["deposit"]["amount"], count(both, "expires_at")), (&"0.003".into(), until + 7_200));
    assert!(both["closing_at"].is_null(), "{both}");
    renter_home.fails("usage", &extend(&[]));
    renter_home.fails("invalid_params", &extend(&["--hours", "0"]));
    let dear = renter_home.fails("invalid_params", &extend(&["--deposit", "5000"]));
    assert!(dear.contains("at most") && dear.contains("ETH a session, not 5000.003 ETH"), "{dear}");
}

/// A conversation whose renter's process dies: it pays what it signed for, leaves, and gets the rest back after the
/// grace period, all without the host.
fn leave_a_session(chain: &DevChain, host_home: &Home, renter_home: &Home) {
    let mut chat = renter_home.start(&[&RENTER[..], &["chat", "--deposit", "0.002"]].concat());
    let id = chat.event("opened")["session_id"].as_str().expect("id").to_owned();
    let busy = renter_home.fails("storage", &["session", "list"]);
    assert!(busy.contains("another fabstir"), "{busy}");
    chat.type_line("Who is the baker?");
    let owed = units(&chat.event("answer")["owed"]);
    chat.kill();

    let (before, earned_before) = (balance(renter_home, 0), earned(host_home, "ETH"));
    let command = |name: &'static str| [&RENTER[..], &["session", name, &id]].concat();
    let settled = renter_home.json(&command("settle"));
    assert_eq!((units(&settled["session"]["settled"]), units(&settled["session"]["signed"])), (owed, owed));
    let net = owed.checked_sub(fee_down(owed, FEE_BPS)).expect("net");
    assert_eq!(earned(host_home, "ETH"), earned_before.checked_add(net).expect("sum"));
    renter_home.fails("invalid_params", &command("settle"));
    // By now the host has seen the connection drop: only the process that died could have resumed it.
    let message = renter_home.fails("session_not_active", &command("close"));
    assert!(message.contains("session cancel"), "{message}");

    let early = renter_home.fails("not_over", &command("timeout"));
    assert!(early.contains("seconds from now"), "{early}");
    let cancelled = renter_home.json(&command("cancel"));
    assert!(count(&cancelled["session"], "closing_at") > 0, "{cancelled}");
    renter_home.fails("already_closing", &command("cancel"));
    renter_home.fails("not_over", &command("timeout"));
    chain.pass_time(3_601);
    let over = renter_home.json(&command("timeout"));
    assert_eq!((&over["session"]["status"], units(&over["session"]["settled"])), (&"timed_out".into(), owed));
    let rest = Amount::parse_units("0.002", 18).and_then(|deposit| deposit.checked_sub(owed)).expect("rest");
    let gas = [&settled, &cancelled, &over]
        .iter()
        .fold(Amount::ZERO, |sum, moved| sum.checked_add(units(&moved["gas_paid"])).expect("sum"));
    assert_eq!(balance(renter_home, 0), before.checked_add(rest).and_then(|sum| sum.checked_sub(gas)).expect("rest"));
}

/// The host stops; what it earned is paid out to the last unit.
fn stop_and_withdraw(chain: &DevChain, host_home: &Home, renter_home: &Home, host: &mut Running) {
    let (coin, token) = (earned(host_home, "ETH"), earned(host_home, "TUSD"));
    host.interrupt();
    host.event("stopped");
    let told = renter_home.fails(
        "connection_lost",
        &[&RENTER[..], &["chat", "--deposit", "0.002", "--ask", "Is anybody there?"]].concat(),
    );
    assert!(told.contains("0x") && told.contains("locked"), "the deposit is not forgotten: {told}");
    // To a third account, so that gas does not blur the amounts.
    let to = chain.account(9);
    let held = |symbol: usize| balance_of(host_home, &to, symbol);
    let (coin_before, token_before) = (held(0), held(2));
    let withdrawn = host_home.json(&[&HOST[..], &["host", "withdraw", "--to", &to]].concat());
    assert_eq!(withdrawn["withdrawals"].as_array().map(Vec::len), Some(2));
    assert_eq!(held(0), coin_before.checked_add(coin).expect("sum"));
    assert_eq!(held(2), token_before.checked_add(token).expect("sum"));
    assert_eq!((earned(host_home, "ETH"), earned(host_home, "TUSD")), (Amount::ZERO, Amount::ZERO));
    let again = host_home.json(&[&HOST[..], &["host", "withdraw"]].concat());
    assert_eq!(again["withdrawals"].as_array().map(Vec::len), Some(0));
}

/// What the renter's account holds: 0 the coin, 1 FAB, 2 the test token.
fn balance(home: &Home, which: usize) -> Amount {
    balance_of(home, "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", which)
}

/// What an account holds; giving it nothing shows that.
fn balance_of(home: &Home, account: &str, which: usize) -> Amount {
    let funded = home.json(&["dev", "fund", account, "--eth", "0", "--fab", "0", "--tokens", "0"]);
    units(&funded["balances"][which])
}
