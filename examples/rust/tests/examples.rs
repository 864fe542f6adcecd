//! The example, run as its header says against a market as its header says: it prints what its header says.

use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(120);

/// The second block of text in the example's header.
fn expected(source: &str) -> String {
    let header =
        source.lines().map_while(|line| line.strip_prefix("//!")).map(|line| line.strip_prefix(' ').unwrap_or(line));
    let header: Vec<&str> = header.collect();
    let mut blocks = header.split(|line| line.starts_with("```"));
    let block = blocks.nth(3).expect("two blocks in the header");
    block.iter().flat_map(|line| [*line, "\n"]).collect()
}

#[tokio::test]
async fn the_conversation_prints_what_its_header_says() {
    let mut market = Command::new(env!("CARGO_BIN_EXE_market"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the market starts");
    let mut lines = BufReader::new(market.stdout.take().expect("stdout")).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.expect("in time").expect("readable").expect("a line");

    // Built beside the tests by `cargo test`, which has no name for examples.
    let example = Path::new(env!("CARGO_BIN_EXE_market")).with_file_name("examples").join("conversation");
    assert!(example.is_file(), "{}: run `cargo test -p fabstir-examples --examples --tests`", example.display());
    let run = Command::new(example).arg(&line).kill_on_drop(true).output();
    let output = timeout(PATIENCE, run).await.expect("in time").expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected(include_str!("../examples/conversation.rs")));

    drop(market.stdin.take());
    assert!(timeout(PATIENCE, market.wait()).await.expect("in time").expect("waited").success());
}
