//! The arrows between crates, kept: which crate may depend on which, and what the core must never pull in.

use crate::run::{Failure, Outcome, cargo, output};

/// Every arrow there may be, features on.
const ARROWS: &[(&str, &[&str])] = &[
    ("fabstir-core", &[]),
    ("fabstir-llama", &["fabstir-core"]),
    ("fabstir-chain", &["fabstir-core"]),
    ("fabstir-wasm", &["fabstir-core"]),
    ("fabstir-client", &["fabstir-core", "fabstir-chain"]),
    ("fabstir-host", &["fabstir-core", "fabstir-chain", "fabstir-llama"]),
    ("fabstir-node", &["fabstir-ffi"]),
    ("fabstir-cli", &["fabstir-core", "fabstir-chain", "fabstir-client", "fabstir-host"]),
    ("fabstir-ffi", &["fabstir-core", "fabstir-chain", "fabstir-client", "fabstir-host", "fabstir-llama"]),
];

/// Names (or beginnings of names, with `*`) that no build of the core may contain: runtimes, sockets, HTTP, randomness.
const NOT_IN_CORE: &[&str] = &[
    "tokio*",
    "async-std",
    "mio",
    "socket2",
    "hyper*",
    "reqwest",
    "axum*",
    "tungstenite",
    "libp2p*",
    "alloy-provider",
    "llama*",
];

/// Checks them.
pub(crate) fn check() -> Outcome {
    for (package, allowed) in ARROWS {
        let direct = tree(&["--package", package, "--depth", "1", "--all-features"])?;
        for dependency in direct.iter().filter(|name| name.starts_with("fabstir-") && name != package) {
            if !allowed.contains(&dependency.as_str()) {
                return Err(Failure::new(format!(
                    "{package} depends on {dependency}, an arrow the architecture does not have"
                )));
            }
        }
    }
    for target in [&[][..], &["--target", "wasm32-unknown-unknown"]] {
        let mut words = vec!["--package", "fabstir-core", "--all-features"];
        words.extend(target);
        for dependency in tree(&words)? {
            if NOT_IN_CORE.iter().any(|pattern| matches(pattern, &dependency)) {
                return Err(Failure::new(format!("fabstir-core must stay pure, but its tree has {dependency}")));
            }
        }
    }
    Ok(())
}

/// Names of the packages in a dependency tree, dev-dependencies aside.
fn tree(words: &[&str]) -> Outcome<Vec<String>> {
    let text = output(
        cargo()
            .args(["tree", "--locked", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
            .args(words),
    )?;
    Ok(text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_or_beginnings() {
        assert!(matches("tokio*", "tokio-util"));
        assert!(matches("mio", "mio"));
        assert!(!matches("mio", "mio-extras"));
    }
}
