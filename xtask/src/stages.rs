//! The demo, the tests and the benches, as lists of commands.

use crate::{
    arrows, browser, ffi, node, python,
    run::{Failure, Outcome, cargo, command, root, run},
    setup, wasm,
};
use std::time::Instant;

/// A stage of the tests.
struct Stage {
    name: &'static str,
    run: fn(slow: bool) -> Outcome,
}

const STAGES: &[Stage] = &[
    Stage { name: "setup", run: |_| setup::native() },
    Stage { name: "arrows", run: |_| arrows::check() },
    Stage { name: "format", run: |_| run(cargo().args(["fmt", "--all", "--check"])) },
    Stage { name: "contracts", run: contracts },
    Stage { name: "coverage", run: |_| run(command("node").arg("contracts/tools/coverage.mjs")) },
    Stage { name: "artifacts", run: |_| artifacts(true) },
    Stage { name: "vectors", run: |_| vectors() },
    Stage { name: "wasm32", run: |_| wasm::build("fabstir-core") },
    Stage { name: "rust", run: rust },
    Stage { name: "lints", run: |_| lints() },
    Stage { name: "docs", run: |_| docs() },
    Stage { name: "demo", run: |_| demo(&[]) },
    Stage { name: "ffi", run: |_| ffi::test() },
    Stage { name: "python", run: |_| python::test() },
    Stage { name: "browser", run: |_| browser::check() },
    Stage { name: "node", run: |_| node::test() },
];

/// Runs every stage, or one, and prints what each took.
pub(crate) fn test(args: &[String]) -> Outcome {
    let slow = args.iter().any(|word| word == "--slow");
    if args.iter().any(|word| word == "--list") {
        STAGES.iter().for_each(|stage| println!("{}", stage.name));
        return Ok(());
    }
    let only = args.iter().position(|word| word == "--only").and_then(|at| args.get(at + 1));
    if let Some(name) = only
        && !STAGES.iter().any(|stage| stage.name == name)
    {
        return Err(Failure::new(format!("no such stage: {name}; `cargo xtask test --list` names them")));
    }
    let mut taken = Vec::new();
    let mut outcome = Ok(());
    for stage in STAGES.iter().filter(|stage| only.is_none_or(|name| stage.name == name)) {
        eprintln!("\n== {} ==", stage.name);
        let began = Instant::now();
        outcome = (stage.run)(slow);
        taken.push((stage.name, began.elapsed().as_secs_f64(), outcome.is_ok()));
        if outcome.is_err() {
            break;
        }
    }
    println!("\nstage        seconds");
    for (name, seconds, passed) in &taken {
        println!("{name:<12} {seconds:>7.1}{}", if *passed { "" } else { "  failed" });
    }
    println!("{:<12} {:>7.1}", "total", taken.iter().map(|(_, seconds, _)| seconds).sum::<f64>());
    let failed = taken.iter().filter(|(_, _, passed)| !passed).count();
    println!("{} passed, {failed} failed", taken.len() - failed);
    outcome
}

/// Streams the demo's conversations to the terminal.
pub(crate) fn demo(args: &[String]) -> Outcome {
    let demo = ["--locked", "--package", "fabstir-examples", "--bin", "demo"];
    // The first build takes minutes, and shows what it is doing; the demo then has the terminal for itself.
    run(cargo().arg("build").args(demo))?;
    run(cargo().args(["run", "--quiet"]).args(demo).arg("--").args(args))
}

/// The benches, in the release profile, with a random-weight model made for them.
pub(crate) fn bench(args: &[String]) -> Outcome {
    let model = root().join("target/bench/random.gguf");
    if !model.exists() {
        let python = setup::python_environment("benches")?;
        let folder = root().join("target/bench");
        std::fs::create_dir_all(&folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        // Written beside and renamed, so that an interrupted run leaves nothing that looks whole.
        let partial = folder.join("random.partial");
        run(command(&python.to_string_lossy()).arg("models/tiny/random_gguf.py").arg(&partial))?;
        std::fs::rename(&partial, &model).map_err(|error| Failure::new(format!("{}: {error}", model.display())))?;
    }
    run(cargo().args(["bench", "--locked", "--package", "fabstir-benches"]).args(args))
}

/// Rewrites the committed ABI, bytecode and storage layouts, or checks that they are current.
pub(crate) fn artifacts(check: bool) -> Outcome {
    for tool in ["artifacts", "storage-layout"] {
        let mut script = command("node");
        script.arg(format!("contracts/tools/{tool}.mjs"));
        if check {
            script.arg("--check");
        }
        run(&mut script)?;
    }
    Ok(())
}

/// Foundry's programs through the wrapper that passes their exit codes on.
fn foundry(words: &[&str], profile: &str) -> Outcome {
    let mut foundry = command("node");
    foundry.current_dir(root().join("contracts")).arg("tools/foundry").args(words);
    run(foundry.env("FOUNDRY_PROFILE", profile))
}

fn contracts(slow: bool) -> Outcome {
    foundry(&["forge", "fmt", "--check"], "ci")?;
    foundry(&["forge", "test"], "ci")?;
    if slow { foundry(&["forge", "test"], "slow") } else { Ok(()) }
}

fn vectors() -> Outcome {
    let python = setup::python_environment("vectors")?;
    run(command(&python.to_string_lossy()).args(["vectors/reference.py", "--check"]))
}

fn rust(slow: bool) -> Outcome {
    let mut test = cargo();
    test.args(["test", "--locked", "--workspace"]);
    if slow {
        test.env("FABSTIR_DIFFERENTIAL_HISTORIES", "20000");
    }
    run(&mut test)
}

fn lints() -> Outcome {
    run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]))
}

/// The libraries' docs. The command's doc comments are its help text, which is no Markdown.
fn docs() -> Outcome {
    let mut doc = cargo();
    doc.args(["doc", "--locked", "--workspace", "--exclude", "fabstir-cli", "--no-deps", "--quiet"]);
    run(doc.env("RUSTDOCFLAGS", "--deny warnings"))
}
