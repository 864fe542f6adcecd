//! The Node.js package as a Node programmer meets it: packed, and installed into an empty project.

use crate::{
    browser, python,
    run::{Failure, Outcome, command, exists, root, run},
    setup, wasm,
};

const PACKAGE: &str = "fabstir-ffi/node";

/// Builds the binary, checks the types, and runs the tests and examples.
pub(crate) fn test() -> Outcome {
    if !exists("node", "--version") || !exists("npm", "--version") {
        return Err(Failure::new("Node.js 20 or newer is needed, with npm: https://nodejs.org"));
    }
    setup::npm_ci(PACKAGE)?;
    sdk()?;
    let built = python::build()?;
    let npm = |words: &[&str]| {
        let mut npm = command("npm");
        npm.current_dir(root().join(PACKAGE)).args(words).env("FABSTIR_BUILT", &built);
        run(&mut npm)
    };
    npm(&["run", "--silent", "build", "dev"])?;
    npm(&["run", "--silent", "check"])?;
    npm(&["test", "--silent"])
}

/// The SDK's WebAssembly, which the package re-exports; the browser's tests build it too.
fn sdk() -> Outcome {
    if root().join("fabstir-wasm/js/wasm/fabstir.wasm").exists() {
        return Ok(());
    }
    browser::sdk(wasm::toolchain()?).map(drop)
}
