//! The Node.js package as a Node programmer meets it: packed, and installed into an empty project.

use crate::{
    python,
    run::{Failure, Outcome, command, exists, root, run},
};
use std::{fs, path::PathBuf};

const PACKAGE: &str = "fabstir-ffi/node";
const SDK: &str = "fabstir-wasm/js";

/// Builds the binary, checks the types, and runs the tests and examples.
pub(crate) fn test() -> Outcome {
    if !exists("node", "--version") || !exists("npm", "--version") {
        return Err(Failure::new("Node.js 20 or newer is needed, with npm: https://nodejs.org"));
    }
    packages(PACKAGE)?;
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
    if root().join(SDK).join("wasm/fabstir.wasm").exists() {
        return Ok(());
    }
    packages(SDK)?;
    let mut build = command("npm");
    run(build.current_dir(root().join(SDK)).args(["run", "--silent", "build"]))
}

/// A folder's npm packages, at the versions of its lock.
fn packages(folder: &str) -> Outcome {
    let folder: PathBuf = root().join(folder);
    let (lock, stamp) = (folder.join("package-lock.json"), folder.join("node_modules/.fabstir-lock"));
    let wanted = fs::read(&lock).map_err(|error| Failure::new(format!("{}: {error}", lock.display())))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    run(command("npm").current_dir(&folder).args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, wanted).map_err(|error| Failure::new(format!("{}: {error}", stamp.display())))
}
