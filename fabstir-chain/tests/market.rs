//! The contracts on a local chain, through the public API. Needs anvil: `npm ci` in the root of the repository.

#[path = "support/local.rs"]
mod local;

use alloy_primitives::{Address, U256};
use fabstir_chain::{
    Chain, ChainConfig, Cursor, Error, EventFilter, EventKind, Transaction, Wallet,
    anvil::{Anvil, AnvilConfig, dev_key, find_anvil},
    deploy::{Deployment, dev},
};
use fabstir_core::{
    Code,
    abi::INodeRegistry::INodeRegistryEvents,
    abi::ISessionMarket::{
        ISessionMarketEvents, Reason, SessionMarket_BadSignature, SessionMarket_DepositOutOfRange,
        SessionMarket_IdUsed, SignedCloseRequest, SignedVoucher, Status,
    },
    amount::{Amount, Usage},
    messages::{Close, Signed},
    settlement::{Split, payable_down},
    signature::SigningKey,
};
use futures::{StreamExt, future::join_all};
use local::{FEE_BPS, Local, MODEL, OUTPUT_PRICE, connect};
use std::time::Duration;

fn amount(text: &str, decimals: u8) -> Amount {
    Amount::parse_units(text, decimals).expect("amount")
}

fn is<E: alloy_sol_types::SolError>(error: &Error) -> bool {
    assert_eq!(error.code(), Code::Reverted, "{error}");
    error.revert().is_some_and(fabstir_chain::Revert::is::<E>)
}

#[tokio::test]
async fn a_session_in_coin_is_paid_to_the_last_wei() {
    let local = Local::start().await;
    paid_to_the_last_unit(&local, Address::ZERO, amount("1", 18)).await;
}

#[tokio::test]
async fn a_session_in_a_token_is_paid_to_the_last_unit() {
    let local = Local::start().await;
    paid_to_the_last_unit(&local, local.token, amount("5", 6)).await;
}

async fn paid_to_the_last_unit(local: &Local, token: Address, deposit: Amount) {
    let (chain, terms) = (local.chain(), local.terms(token, 1).await);
    let id = chain.session_id(&terms);
    assert_eq!(chain.can_open(&terms).await.expect("view"), Reason::Ok);
    local.renter.ensure_allowance(token, chain.market(), deposit).await.expect("allowance");
    let before = chain.token_balance(token, local.renter.address()).await.expect("balance");
    let spent_before = local.renter.spent().fee;
    let opened = local.renter.create_session(&terms, deposit, None).await.expect("opened");
    assert!(
        matches!(opened.market_events().next(), Some(ISessionMarketEvents::SessionJobCreated(event)) if event.sessionId == id)
    );

    let first = local.host.settle(&terms, local.voucher(&terms, 10, 100)).await.expect("settled");
    assert!(matches!(first.market_events().next(), Some(ISessionMarketEvents::SessionSettled(_))));
    let completed = local.host.complete_session(&terms, Some(local.voucher(&terms, 1_000, 333))).await.expect("done");
    assert!(matches!(completed.market_events().last(), Some(ISessionMarketEvents::SessionJobCompleted(_))));
    assert!(completed.gas_used > 21_000 && completed.effective_gas_price > 0);

    let paid = payable_down(Usage::new(1_000, 333), terms.prices(), deposit).expect("amount");
    let split = Split::of(paid, FEE_BPS);
    let earnings = chain.earnings_of(local.host.address(), token).await.expect("earnings");
    assert_eq!((earnings.net, earnings.fee), (split.host, split.fee));
    let details = chain.session_details(id).await.expect("details");
    assert_eq!((details.status, Amount::from(details.settled)), (Status::Completed, paid));

    let gas =
        if token.is_zero() { local.renter.spent().fee.checked_sub(spent_before).expect("gas") } else { Amount::ZERO };
    let after = chain.token_balance(token, local.renter.address()).await.expect("balance");
    let left = before.checked_sub(paid).and_then(|left| left.checked_sub(gas)).expect("left");
    assert_eq!(after, left, "refunded at once, to the last unit");

    let treasury = Address::repeat_byte(0x77);
    local.host.withdraw(token, treasury).await.expect("withdrawn");
    assert_eq!(chain.token_balance(token, treasury).await.expect("balance"), split.host);
    local.renter.sweep_fees(vec![local.host.address()], token).await.expect("swept");
    assert_eq!(
        chain.token_balance(token, chain.market()).await.expect("balance"),
        Amount::ZERO,
        "nothing is left over"
    );
}

#[tokio::test]
async fn a_session_left_alone_is_refunded_by_the_clock() {
    let local = Local::start().await;
    let (chain, terms) = (local.chain(), local.terms(local.token, 1).await);
    let deposit = amount("2", 6);
    local.renter.ensure_allowance(local.token, chain.market(), deposit).await.expect("allowance");
    local.renter.create_session(&terms, deposit, None).await.expect("opened");
    let request =
        SignedCloseRequest { inputTokens: 0, outputTokens: 10, deadline: 0, signature: alloy_primitives::Bytes::new() };
    local.renter.cancel(&terms, request).await.expect("cancelled");
    let error = local.owner.timeout(&terms).await.expect_err("too early");
    assert!(error.to_string().contains("SessionMarket_NotOver"), "{error}");
    local.anvil.increase_time(u64::from(terms.grace)).await.expect("time");
    let metrics = chain.session_metrics(&terms).await.expect("metrics");
    assert!(metrics.timeoutAt <= chain.now().await.expect("time"));
    local.owner.timeout(&terms).await.expect("timed out");
    let details = chain.session_details(chain.session_id(&terms)).await.expect("details");
    assert_eq!((details.status, details.settled.to::<u64>()), (Status::TimedOut, 30), "what the renter stated is paid");
}

#[tokio::test]
async fn a_session_ends_by_the_hosts_close() {
    let local = Local::start().await;
    let (chain, terms) = (local.chain(), local.terms(Address::ZERO, 1).await);
    local.renter.create_session(&terms, amount("0.01", 18), None).await.expect("opened");
    local.renter.top_up(&terms, amount("0.01", 18)).await.expect("topped up");
    local.renter.extend(&terms, amount("0.02", 18), 2).await.expect("extended");
    let close = Close {
        sessionId: chain.session_id(&terms),
        inputTokens: 0,
        outputTokens: 50_000,
        deadline: chain.now().await.expect("time") + 600,
    };
    let signed = close.with_signature(&close.sign(chain.domain(), &local.host_signer));
    local.renter.complete_with_close(&terms, None, signed).await.expect("closed");
    let details = chain.session_details(close.sessionId).await.expect("details");
    assert_eq!((Amount::from(details.settled), details.extensionHours), (amount("0.015", 18), 2));
}

#[tokio::test]
async fn refusals_are_named_with_their_fields() {
    let local = Local::start().await;
    let terms = local.terms(Address::ZERO, 1).await;
    let least = amount("0.0002", 18);
    let error = local.renter.create_session(&terms, Amount::from(1_u64), None).await.expect_err("too little");
    assert!(is::<SessionMarket_DepositOutOfRange>(&error));
    assert!(error.to_string().contains("deposit: 1, min: 200000000000000"), "{error}");
    local.renter.create_session(&terms, least, None).await.expect("opened");
    let error = local.renter.create_session(&terms, least, None).await.expect_err("twice");
    assert!(is::<SessionMarket_IdUsed>(&error));
    let stranger = SigningKey::from_bytes(&[9; 32]).expect("key");
    let forged = local.voucher_by(&stranger, &terms, 1, 1);
    assert!(is::<SessionMarket_BadSignature>(&local.owner.settle(&terms, forged).await.expect_err("forged")));
    let truncated = SignedVoucher { signature: vec![1; 64].into(), ..local.voucher(&terms, 1, 1) };
    assert!(is::<SessionMarket_BadSignature>(&local.owner.settle(&terms, truncated).await.expect_err("truncated")));
    let error = local.owner.complete_session(&terms, None).await.expect_err("a stranger");
    assert!(error.to_string().contains("SessionMarket_Unauthorized { caller: "), "{error}");
    let error = local.renter.register(
        fabstir_chain::NodeDescription {
            signer: local.renter.address(),
            api_url: "http://127.0.0.1".into(),
            metadata: String::new(),
            public_key: vec![4; 33].into(),
        },
        Vec::new(),
    );
    let error = error.await.expect_err("bad key");
    assert!(error.to_string().contains("NodeRegistry_BadPublicKey"), "{error}");
    let token_terms = local.terms(local.token, 2).await;
    let error = local.renter.create_session(&token_terms, amount("1", 6), None).await.expect_err("no allowance");
    assert!(error.to_string().contains("ERC20InsufficientAllowance"), "{error}");
}

#[tokio::test]
async fn twenty_transactions_at_once_keep_their_order() {
    let local = Local::start().await;
    let sends = (0..20_u64).map(|_| local.renter.deposit(Address::ZERO, amount("0.001", 18)));
    let receipts = join_all(sends).await;
    assert!(receipts.iter().all(Result::is_ok), "{receipts:?}");
    let balance = local.chain().balance_of(local.renter.address(), Address::ZERO).await.expect("balance");
    assert_eq!(balance, amount("0.02", 18));
    assert_eq!(local.renter.spent().transactions, 20);
    // A second wallet of the same key, which should not be: the chain's word on nonces sorts it out.
    let twin = Wallet::new(local.chain().clone(), dev_key(2).expect("key")).expect("wallet");
    twin.deposit(Address::ZERO, amount("0.001", 18)).await.expect("deposited");
    local.renter.deposit(Address::ZERO, amount("0.001", 18)).await.expect("deposited after another used the key");
}

#[tokio::test]
async fn events_come_with_their_confirmations_and_resume() {
    let local = Local::start().await;
    let chain = connect(&local.anvil, &local.deployment, 3).await;
    let terms = local.terms(Address::ZERO, 1).await;
    let id = chain.session_id(&terms);
    let from = Cursor::at_block(local.deployment.block);
    let opened = local.renter.create_session(&terms, amount("0.01", 18), None).await.expect("opened");
    local.host.settle(&terms, local.voucher(&terms, 0, 100)).await.expect("settled");
    assert_eq!(chain.confirmations_of(opened.block).await.expect("confirmations"), 2);
    assert_eq!(chain.confirmed_session_details(id).await.expect("details").status, Status::None);

    let mut events = chain.events(from, EventFilter::session(id));
    let page = events.try_page().await.expect("page").expect("earlier blocks");
    assert_eq!(page.events, Vec::new(), "not confirmed yet");
    local.anvil.mine(1).await.expect("mined");
    let mut stream = std::pin::pin!(events.into_stream());
    let first = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.expect("in time");
    let first = first.expect("an event").expect("readable");
    assert_eq!((first.block, first.transaction), (opened.block, opened.tx_hash));
    assert_eq!(chain.confirmed_session_details(id).await.expect("details").status, Status::Active);
    let waiting = tokio::time::timeout(Duration::from_millis(200), stream.next()).await;
    assert!(waiting.is_err(), "the second is not confirmed");

    local.anvil.mine(1).await.expect("mined");
    let mut resumed = chain.events(first.cursor(), EventFilter::session(id));
    let page = resumed.page().await.expect("page");
    let [second] = page.events.as_slice() else { panic!("one event after the first: {page:?}") };
    assert!(
        matches!(&second.kind, EventKind::Market(ISessionMarketEvents::SessionSettled(event)) if event.outputTokens == 100)
    );
}

#[tokio::test]
async fn openings_are_found_by_session_host_and_renter() {
    let local = Local::start().await;
    let mut ids = Vec::new();
    for salt in 0..3 {
        let terms = local.terms(Address::ZERO, salt).await;
        local.renter.create_session(&terms, amount("0.01", 18), None).await.expect("opened");
        ids.push(local.chain().session_id(&terms));
        if salt == 1 {
            local.host.complete_session(&terms, None).await.expect("ended");
        }
    }
    let chain = local.chain();
    let opening = chain.opening_of(ids[0]).await.expect("opening");
    assert_eq!((opening.id, opening.deposit), (ids[0], amount("0.01", 18)));
    assert_eq!(chain.session_id(&opening.terms), ids[0]);
    let unknown = chain.opening_of(U256::from(1)).await.expect_err("unknown");
    assert_eq!(unknown.code(), Code::UnknownSession);
    let newest = chain.openings(EventFilter::openings_by_renter(local.renter.address()), 2).await.expect("openings");
    assert_eq!(newest.iter().map(|opening| opening.id).collect::<Vec<_>>(), [ids[2], ids[1]]);
    let active = chain.active_sessions_of_host(local.host.address(), 10).await.expect("active");
    assert_eq!(active.iter().map(|opening| opening.id).collect::<Vec<_>>(), [ids[2], ids[0]]);
    assert!(chain.active_sessions_of_host(local.renter.address(), 10).await.expect("none").is_empty());
}

#[tokio::test]
async fn the_registry_is_read() {
    let local = Local::start().await;
    let (chain, host) = (local.chain(), local.host.address());
    assert_eq!(chain.node_count().await.expect("count"), 1);
    assert_eq!(chain.fab().await.expect("token"), local.deployment.fab);
    assert_eq!(chain.nodes_page(0, 10).await.expect("nodes"), [host]);
    assert_eq!(chain.nodes_by_model(MODEL, 0, 10).await.expect("nodes"), [host]);
    assert!(chain.nodes_by_model(MODEL, 1, 10).await.expect("nodes").is_empty());
    let node = chain.node_of(host).await.expect("node");
    assert_eq!((node.active, node.apiUrl.as_str()), (true, "http://127.0.0.1:8080"));
    assert_eq!(chain.prices_of(host, 0, 10).await.expect("prices").len(), 2);
    let offer = chain.offer_of(host, MODEL, local.token).await.expect("offer");
    assert_eq!((offer.signer, offer.prices.output.get()), (local.host_signer.address(), OUTPUT_PRICE));
    let units = chain.token_units(local.token).await.expect("units");
    assert_eq!((units.symbol.as_str(), units.decimals), ("USDX", 6));
    assert_eq!(units.format(units.parse("1.25").expect("amount")), "1.25 USDX");
    let requirements = chain.requirements(local.token).await.expect("requirements");
    assert_eq!((requirements.minDeposit.to::<u64>(), requirements.feeBps), (800_000, FEE_BPS));
    let events = chain.events(Cursor::at_block(0), EventFilter::registry()).page().await.expect("events").events;
    assert!(events.iter().all(|event| matches!(event.kind, EventKind::Registry(_))));
    // Its own settings come first, from its deployment.
    let of_host = |event: &&_| {
        matches!(
            event,
            EventKind::Registry(INodeRegistryEvents::NodeRegistered(_) | INodeRegistryEvents::ModelPriceSet(_))
        )
    };
    let told = events.iter().map(|event| &event.kind).filter(of_host).count();
    assert_eq!(told, 3, "registered, and a price in two tokens");
}

#[tokio::test]
async fn wrong_addresses_and_chains_are_refused_by_name() {
    let local = Local::start().await;
    let url = local.anvil.rpc_url();
    for (address, reason) in [
        (Address::repeat_byte(1), "no code there"),
        (local.deployment.fab, "another contract"),
        (local.deployment.registry, "another contract"),
        (local.token, "another contract"),
    ] {
        let error = Chain::connect(ChainConfig::new(url, address)).await.expect_err(reason);
        assert_eq!(error.code(), Code::NoContract, "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
    let config = ChainConfig { chain_id: Some(1), ..ChainConfig::new(url, local.deployment.market) };
    assert_eq!(Chain::connect(config).await.expect_err("chain").code(), Code::WrongChain);
    let error = local.chain().token_units(local.renter.address()).await.expect_err("no token");
    assert_eq!(error.code(), Code::NoContract);
}

#[tokio::test]
async fn the_poor_and_the_impatient_are_told() {
    let local = Local::start().await;
    let poor = SigningKey::from_bytes(&[0x99; 32]).expect("key");
    let poor = Wallet::new(local.chain().clone(), poor).expect("wallet");
    let error = poor.transfer(Address::ZERO, Address::repeat_byte(1), Amount::from(1_u64)).await.expect_err("poor");
    assert_eq!(error.code(), Code::InsufficientFunds, "{error}");
    local.anvil.set_balance(poor.address(), amount("1", 18)).await.expect("funded");
    poor.transfer(Address::ZERO, Address::repeat_byte(1), Amount::from(1_u64)).await.expect("rich enough");

    local.anvil.set_automine(false).await.expect("no mining");
    let mut config = local.chain().config().clone();
    config.limits.receipt_timeout = Duration::from_millis(300);
    let hasty =
        Wallet::new(Chain::connect(config).await.expect("connected"), dev_key(5).expect("key")).expect("wallet");
    let late = hasty.deposit(Address::ZERO, amount("0.001", 18)).await.expect_err("not mined");
    assert_eq!(late.code(), Code::TransactionTimeout);
    let pending = hasty.queue().send(Transaction::transfer(poor.address(), Amount::from(1_u64))).await.expect("sent");
    assert_eq!(pending.nonce(), 1, "the one before still stands");
    local.anvil.mine(1).await.expect("mined");
    pending.receipt().await.expect("mined");
    let balance = local.chain().balance_of(hasty.address(), Address::ZERO).await.expect("balance");
    assert_eq!(balance, amount("0.001", 18));
}

#[tokio::test]
async fn a_deployment_file_leads_back_to_the_market() {
    let local = Local::start().await;
    let directory = tempfile::tempdir().expect("directory");
    let path = local.deployment.save(directory.path()).expect("saved");
    let loaded = Deployment::load(&path).expect("loaded");
    assert_eq!(loaded, local.deployment);
    let symbols: Vec<_> = loaded.tokens.iter().map(|token| token.symbol.as_str()).collect();
    assert_eq!(symbols, ["ETH", "USDX"]);
    connect(&local.anvil, &loaded, 1).await;
    dev::mint(local.owner.queue(), local.token, local.host.address(), Amount::from(5_u64)).await.expect("minted");
}

#[tokio::test]
async fn anvil_ends_with_its_handle() {
    let local = Local::start().await;
    let (url, market) = (local.anvil.rpc_url().to_owned(), local.deployment.market);
    drop(local);
    let error = Chain::connect(ChainConfig::new(url, market)).await.expect_err("gone");
    assert_eq!(error.code(), Code::RpcUnavailable, "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn anvil_ends_with_a_process_that_was_killed() {
    use std::{
        io::{BufRead, BufReader},
        process::{Command, Stdio},
    };
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--ignored", "--exact", "--nocapture", "a_process_that_starts_anvil_and_waits"]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("started");
    let lines = BufReader::new(child.stdout.take().expect("output")).lines();
    let urls = lines.map_while(Result::ok).find(|line| line.starts_with("http://"));
    child.kill().expect("killed without a chance to clean up");
    child.wait().expect("gone");
    let url = urls.expect("the endpoint's URL");
    for _ in 0..200 {
        let answer = Chain::connect(ChainConfig::new(&url, Address::ZERO)).await;
        if answer.is_err_and(|error| error.code() == Code::RpcUnavailable) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{url} still answers");
}

#[tokio::test]
#[ignore = "the other half of the test above"]
async fn a_process_that_starts_anvil_and_waits() {
    let anvil = Anvil::start(AnvilConfig::default()).await.expect("anvil");
    println!("\n{}", anvil.rpc_url());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[test]
fn a_missing_anvil_says_how_to_install_it() {
    let empty = tempfile::tempdir().expect("directory");
    let error = find_anvil(empty.path()).expect_err("nothing there");
    assert!(error.to_string().contains("npm ci"), "{error}");
}
