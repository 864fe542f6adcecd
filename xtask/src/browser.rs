//! The browser package: its two builds, its types, its size, its tests in Node, and the page in Chromium.

use crate::{
    run::{Failure, Outcome, cargo, command, exists, root, run},
    setup,
    wasm::{self, Toolchain},
};
use std::{
    path::PathBuf,
    process::{Command, Stdio},
    time::Instant,
};

const PACKAGE: &str = "fabstir-wasm/js";
const PAGE: &str = "examples/browser";
/// Names that Chromium goes by.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Builds and checks all of it; prints what each step took.
pub(crate) fn check() -> Outcome {
    let mut steps = Steps(Vec::new());
    steps.take("set-up", setup::native)?;
    let toolchain = steps.take("toolchain", wasm::toolchain)?;
    steps.take("npm: page", || setup::npm_ci(PAGE))?;
    let chromium = steps.take("chromium", chromium)?;
    let small = steps.take("package and wasm", || sdk(toolchain))?;
    steps.take("types, package", || run(&mut npm(PACKAGE, &["run", "--silent", "check"])))?;
    if small {
        steps.take("size", || run(&mut npm(PACKAGE, &["run", "--silent", "size"])))?;
    } else {
        eprintln!("no rust-src here: sizes are those of a release only with it, and are not checked");
    }
    steps.take("tests in Node", || run(&mut npm(PACKAGE, &["run", "--silent", "test"])))?;
    let market = steps.take("market program", market)?;
    steps.take("page in Chromium", || {
        let mut test = npm(PAGE, &["run", "--silent", "test"]);
        run(test.env("FABSTIR_MARKET", market).env("FABSTIR_CHROMIUM", chromium))
    })?;
    steps.print();
    Ok(())
}

/// What each step took, in order.
struct Steps(Vec<(&'static str, f64)>);

impl Steps {
    fn take<T>(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let began = Instant::now();
        let outcome = work();
        self.0.push((name, began.elapsed().as_secs_f64()));
        outcome
    }

    fn print(&self) {
        for (name, seconds) in &self.0 {
            println!("  {name:<18} {seconds:>6.1} s");
        }
    }
}

fn npm(folder: &str, words: &[&str]) -> Command {
    let mut npm = command("npm");
    npm.current_dir(root().join(folder)).args(words);
    npm
}

/// A Chromium, Debian's if there is none.
fn chromium() -> Outcome<PathBuf> {
    if let Some(given) = std::env::var_os("FABSTIR_CHROMIUM") {
        return Ok(given.into());
    }
    let found = || CHROMIUM.into_iter().find(|name| exists(name, "--version"));
    if found().is_none() {
        setup::install(&["chromium"])?;
    }
    let name = found().ok_or_else(|| Failure::new("Chromium was installed but does not start"))?;
    let path = crate::run::output(command("which").arg(name))?;
    Ok(path.trim().into())
}

/// The package's own packages and its two builds; whether they are the small ones, which need the standard library's sources.
pub(crate) fn sdk(toolchain: Toolchain) -> Outcome<bool> {
    setup::npm_ci(PACKAGE)?;
    let mut build = command("node");
    build.arg(format!("{PACKAGE}/tools/build.mjs"));
    let small = match toolchain {
        Toolchain::Debian => {
            build
                .env("FABSTIR_WASM_CARGO", "/usr/bin/cargo")
                .env("FABSTIR_WASM_RUSTC", "/usr/bin/rustc")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-ld-22");
            true
        }
        Toolchain::Rustup => command("rustup")
            .args(["component", "add", "rust-src"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success()),
    };
    if !small {
        build.arg("--quick");
    }
    run(&mut build).map(|()| small)
}

/// The program that serves a market to the tests.
fn market() -> Outcome<PathBuf> {
    run(cargo().args(["build", "--locked", "--package", "fabstir-examples", "--bin", "market"]))?;
    Ok(root().join("target/debug/market"))
}
