//! The Python package as a Python programmer meets it: installed from the checkout, and from its wheel.

use crate::{
    market::LocalMarket,
    run::{Failure, Outcome, cargo, command, root, run},
    setup,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

const PACKAGE: &str = "fabstir-ffi/python";

/// Installs the package both ways, checks its types, and runs its tests and examples.
pub(crate) fn test() -> Outcome {
    let python = setup::python_environment(PACKAGE)?;
    let built = build()?;
    run(command(&python.to_string_lossy()).arg(root().join(PACKAGE).join("tools/declare.py")).arg("--check"))?;
    wheel(&python, &built)?;
    let within = |words: &[&str]| {
        let mut python = command(&python.to_string_lossy());
        python.current_dir(root().join(PACKAGE)).arg("-m").args(words).env("FABSTIR_BUILT", &built);
        run(&mut python)
    };
    within(&["mypy"])?;
    within(&["pytest"])?;
    fresh(&built)
}

/// Builds the library, and the market and the command that the tests rent from and with; returns the folder they are in.
pub(crate) fn build() -> Outcome<PathBuf> {
    run(cargo().args(["build", "--locked", "--package", "fabstir-ffi", "--package", "fabstir-examples"]).args([
        "--package",
        "fabstir-cli",
        "--lib",
        "--bin",
        "market",
        "--bin",
        "fabstir",
    ]))?;
    Ok(env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("debug"))
}

/// The wheel around the library just built, installed where the tests run.
fn wheel(python: &Path, built: &Path) -> Outcome {
    let library = built.join(if cfg!(target_os = "macos") { "libfabstir.dylib" } else { "libfabstir.so" });
    let folder = root().join("target/python/wheels");
    empty(&folder)?;
    let python = || command(&python.to_string_lossy());
    let mut build = python();
    build.args(["-m", "build", "--wheel", "--outdir"]).arg(&folder).arg(PACKAGE);
    run(build.env("FABSTIR_LIBRARY", &library))?;
    let wheel = fs::read_dir(&folder)
        .map_err(|error| failed(&folder, &error))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains("-py3-none-"))
        .ok_or_else(|| Failure::new("the wheel is not py3-none-<platform>"))?;
    run(python()
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"])
        .arg(wheel))
}

/// As a new user: an empty environment, `pip install` from the checkout, the story.
fn fresh(built: &Path) -> Outcome {
    let environment = root().join("target/python/fresh");
    empty(&environment)?;
    run(command("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join("bin/python");
    let mut install = command(&python.to_string_lossy());
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).arg(format!("./{PACKAGE}"));
    run(install.env("FABSTIR_CARGO_PROFILE", "dev"))?;
    let market = LocalMarket::start(built)?;
    run(command(&python.to_string_lossy()).arg("examples/python/story.py").arg(market.description()))
}

fn empty(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| failed(folder, &error))?;
    }
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
