//! The wasm32 target, from rustup or, where rustup cannot have it, from Debian's packages.

use crate::{
    run::{Outcome, cargo, command, exists, run},
    setup,
};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";

/// Which compiler builds for wasm32 here.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Toolchain {
    /// The one in use, with the target added.
    Rustup,
    /// Debian's `rustc-web`, which builds the standard library from its sources.
    Debian,
}

/// Makes sure that one is there.
pub(crate) fn toolchain() -> Outcome<Toolchain> {
    let added = command("rustup")
        .args(["target", "add", TARGET])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if added {
        return Ok(Toolchain::Rustup);
    }
    if !exists("wasm-ld-22", "--version") {
        setup::install(&["rustc-web", "cargo-web", "rust-web-src", "lld-22"])?;
    }
    Ok(Toolchain::Debian)
}

/// Builds a crate for wasm32.
pub(crate) fn build(package: &str) -> Outcome {
    let mut build: Command = match toolchain()? {
        Toolchain::Rustup => {
            let mut build = cargo();
            build.arg("build");
            build
        }
        Toolchain::Debian => {
            let mut build = command("/usr/bin/cargo");
            build
                .args(["build", "-Zbuild-std=std,panic_abort"])
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22");
            build
        }
    };
    run(build.args(["--locked", "--target", TARGET, "--package", package]))
}
