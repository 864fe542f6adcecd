//! What mistakes get: a stable code, a sentence, what to do next, and nothing lost.

mod common;

use alloy_primitives::{Address, B256, Bytes};
use common::{DevChain, Home, free_port, tiny_model};
use fabstir_chain::{Chain, ChainConfig, NodeDescription, Wallet, anvil::dev_key};
use fabstir_core::abi::INodeRegistry::ModelPrice;
use std::net::TcpListener;

#[test]
fn command_lines_that_cannot_be_understood_are_usage_errors() {
    let home = Home::new();
    for arguments in [
        &["hots"][..],
        &["chat", "--max-tokens", "many"],
        &["hosts", "--market", "0x12"],
        &["host", "run", "--listen", "nowhere"],
        &["keys", "new", "a", "--key", "b", "--dev-key", "1"],
        // One digit of the checksum is wrong.
        &["host", "status", "--host", "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92267"],
    ] {
        home.fails("usage", arguments);
    }
    let help = home.run(&["--help"]);
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("Exit status"));
}

#[test]
fn people_get_the_code_and_what_to_do_next() {
    let home = Home::new();
    let output = home.run(&["hosts", "--rpc", &format!("http://127.0.0.1:{}", free_port())]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("[rpc_unavailable]") && text.contains("next: "), "{text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let home = Home::new();
    let config = home.write("config.toml", "confirmations = \"three\"\n").display().to_string();
    let message = home.fails("invalid_config", &["--config", &config, "keys", "list"]);
    assert!(message.contains("confirmations"), "{message}");
    let config = home.write("config.toml", "confimations = 3\n").display().to_string();
    let message = home.fails("invalid_config", &["--config", &config, "keys", "list"]);
    assert!(message.contains("confimations"), "{message}");
    home.fails("invalid_config", &["--config", "/nowhere/config.toml", "keys", "list"]);
    home.fails("invalid_config", &["--log", "===", "keys", "list"]);
    home.fails("invalid_config", &["--rpc", "localhost:8545", "hosts"]);
    home.fails("invalid_value", &["session", "show", "xyz"]);
    home.fails("unknown_session", &["session", "show", "0x1234"]);
    home.fails("invalid_params", &["chat", "--temperature", "hot", "--ask", "x"]);
    home.fails("storage", &["chat", "--history", "/nowhere.json", "--ask", "x"]);
    home.fails("storage", &["chat", "--save", "/nowhere/talk.json", "--ask", "x"]);
}

#[test]
fn the_environment_lies_between_flags_and_file() {
    let home = Home::new();
    let (in_file, in_environment, by_flag) = (free_port(), free_port(), free_port());
    let config = home.write("config.toml", &format!("rpc = \"http://127.0.0.1:{in_file}\"\n"));
    let tries = |port: u16, environment: bool, flag: bool| {
        let mut command = home.command(&["--json", "hosts"]);
        command.env("FABSTIR_CONFIG", &config).env_remove("FABSTIR_RPC");
        if environment {
            command.env("FABSTIR_RPC", format!("http://127.0.0.1:{in_environment}"));
        }
        if flag {
            command.args(["--rpc", &format!("http://127.0.0.1:{by_flag}")]);
        }
        let output = command.output().expect("runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("rpc_unavailable") && text.contains(&port.to_string()), "{port}: {text}");
    };
    tries(in_file, false, false);
    tries(in_environment, true, false);
    tries(by_flag, true, true);
}

#[test]
fn a_host_that_cannot_serve_says_so_before_it_begins() {
    let home = Home::new();
    let model = tiny_model().display().to_string();
    home.fails("invalid_config", &["host", "run"]);
    home.fails("model_missing", &["host", "run", "--model", "/nowhere/model.gguf"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("address").to_string();
    let message = home.fails("port_in_use", &["host", "run", "--model", &model, "--listen", &address]);
    assert!(message.contains(&address) && message.contains("--listen"), "{message}");
    let foreign = home.write("foreign.gguf", "PK\u{3}\u{4}").display().to_string();
    home.fails("model_corrupt", &["host", "register", "--model", &foreign, "--price", "ETH=1/2"]);
    home.fails("invalid_config", &["host", "register", "--model", &model, "--listen", "0.0.0.0:8700"]);
    home.fails("invalid_value", &["host", "register", "--model", &model, "--url", "ftp://x"]);
}

#[test]
fn an_endpoint_that_is_no_chain_is_refused() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let server = std::thread::spawn(move || {
        use std::io::{Read, Write};
        // As often as it is asked: reads are repeated.
        for stream in listener.incoming().take(8) {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
        }
    });
    home.fails("rpc_invalid", &["--rpc", &url, "hosts"]);
    drop(server);
}

#[test]
fn what_is_wrong_on_the_chain_is_told_apart() {
    let chain = DevChain::start();
    let home = Home::on(&chain);
    let model = tiny_model().display().to_string();

    let message = home.fails("wrong_chain", &["--chain-id", "8453", "hosts"]);
    assert!(message.contains("31337") && message.contains("8453"), "{message}");
    home.fails("no_contract", &["--market", &chain.account(1), "hosts"]);
    let fab = chain.started()["fab"].as_str().expect("FAB");
    home.fails("no_contract", &["--market", fab, "hosts"]);
    home.fails("invalid_config", &["--deployment", &home.write("d.json", "{}").display().to_string(), "hosts"]);
    home.fails("storage", &["--deployment", "/nowhere.json", "hosts"]);
    let elsewhere = home.path("elsewhere").display().to_string();
    home.fails("invalid_config", &["--data-dir", &elsewhere, "hosts"]);

    home.fails("keystore", &["host", "status"]);
    home.fails("invalid_config", &["--dev-key", "10", "host", "status"]);
    home.fails("invalid_value", &["hosts", "--token", "DOGE"]);
    home.fails("invalid_value", &["hosts", "--model", "0x12"]);

    for price in ["ETH", "ETH=1", "ETH=1/x", "ETH=1/0", "ETH=0.0000000000000000001/1", "DOGE=1/2"] {
        let message =
            home.fails("invalid_value", &["--dev-key", "1", "host", "register", "--model", &model, "--price", price]);
        assert!(message.contains(price) || message.contains("DOGE"), "{message}");
    }
    home.fails("invalid_config", &["--dev-key", "1", "host", "register", "--model", &model]);
    home.fails(
        "invalid_config",
        &["--dev-key", "1", "host", "register", "--model", &model, "--price", "other@ETH=1/2"],
    );
    let twice = ["--dev-key", "1", "host", "register", "--model", &model, "--price", "ETH=1/2", "--price", "ETH=1/3"];
    home.fails("invalid_config", &twice);
    let message =
        home.fails("wrong_host", &["--dev-key", "1", "host", "run", "--model", &model, "--listen", "127.0.0.1:0"]);
    assert!(message.contains("host register"), "{message}");

    home.fails("invalid_config", &["--dev-key", "2", "chat", "--ask", "x"]);
    home.fails("invalid_value", &["--dev-key", "2", "chat", "--deposit", "much", "--ask", "x"]);
    home.fails("model_not_served", &["--dev-key", "2", "chat", "--deposit", "0.01", "--ask", "x"]);
    home.fails("unknown_session", &["--dev-key", "2", "chat", "--session", "0x1234", "--ask", "x"]);

    let mut path = String::new();
    path.push_str(&home.passphrase().display().to_string());
    let poor = home.json(&["keys", "new", "poor", "--passphrase-file", &path]);
    let message = home.fails(
        "insufficient_funds",
        &["--key", "poor", "--passphrase-file", &path, "host", "register", "--model", &model, "--price", "ETH=1/2"],
    );
    let address = poor["address"].as_str().expect("address").to_owned();
    assert!(message.to_lowercase().contains(&address) && message.contains("dev fund"), "{message}");
    let wrong = home.write("wrong", "not the passphrase\n").display().to_string();
    home.fails("keystore", &["--key", "poor", "--passphrase-file", &wrong, "host", "withdraw"]);
    let funded = home.json(&["dev", "fund", &address]);
    assert_eq!(funded["balances"][0]["base_units"], "10000000000000000000");
    assert_eq!(funded["balances"][1]["amount"], "2000");
    assert_eq!(funded["balances"][2]["base_units"], "10000000000");
}

#[test]
fn a_model_swapped_after_it_was_registered_is_not_served() {
    let chain = DevChain::start();
    let home = Home::on(&chain);
    let mut weights = std::fs::read(tiny_model()).expect("the model");
    let path = home.path("model.gguf");
    std::fs::write(&path, &weights).expect("written");
    let model = path.display().to_string();
    let price = ["--price", "ETH=1/2"];
    home.json(&[&["--dev-key", "1", "host", "register", "--model", &model][..], &price].concat());
    // Another model of the same name and size, which loads as well.
    let last = weights.len() - 1;
    weights[last] ^= 1;
    std::fs::write(&path, &weights).expect("written");
    let listen = format!("127.0.0.1:{}", free_port());
    let run = ["--dev-key", "1", "host", "run", "--model", &model, "--listen", &listen];
    let message = home.fails("model_not_served", &run);
    assert!(message.contains("model.gguf") && message.contains("host register"), "{message}");
}

#[test]
fn an_offer_in_what_is_no_token_hides_no_other() {
    let chain = DevChain::start();
    let home = Home::on(&chain);
    let model = tiny_model().display().to_string();
    home.json(&["--dev-key", "1", "host", "register", "--model", &model, "--price", "ETH=1/2"]);
    // Nobody's account, and a contract without decimals.
    let (nobody, market) = (Address::repeat_byte(0x77), chain.address("market"));
    tokio::runtime::Runtime::new().expect("runtime").block_on(register_by_hand(&chain, &[nobody, market]));

    let listed = home.run(&["hosts"]);
    let (stdout, stderr) = (String::from_utf8_lossy(&listed.stdout), String::from_utf8_lossy(&listed.stderr));
    assert!(listed.status.success(), "{stderr}");
    let honest = chain.account(1).to_lowercase();
    assert!(stdout.contains("1 ETH") && stdout.to_lowercase().contains(&honest), "{stdout}");
    assert!(stderr.contains("left out: 2"), "{stderr}");
    assert_eq!(home.json(&["hosts"]).as_array().map(Vec::len), Some(1));
    home.fails("no_contract", &["hosts", "--token", &nobody.to_string()]);
}

/// Registers a host without asking this command, which would refuse such prices.
async fn register_by_hand(chain: &DevChain, tokens: &[Address]) {
    let config = ChainConfig::new(chain.rpc(), chain.address("market"));
    let wallet = Wallet::new(Chain::connect(config).await.expect("the chain"), dev_key(3).expect("key"));
    let wallet = wallet.expect("a wallet");
    let stake = wallet.chain().min_stake().await.expect("stake");
    wallet.approve(chain.address("fab"), wallet.chain().registry(), stake).await.expect("approved");
    let node = NodeDescription {
        signer: wallet.address(),
        api_url: "ws://127.0.0.1:1".into(),
        metadata: String::new(),
        public_key: Bytes::copy_from_slice(&dev_key(3).expect("key").public_key()),
    };
    let price =
        |token: &Address| ModelPrice { modelId: B256::repeat_byte(1), token: *token, inputPrice: 1, outputPrice: 1 };
    wallet.register(node, tokens.iter().map(price).collect()).await.expect("registered");
}
