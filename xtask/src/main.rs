//! All the set-up there is: finds what is missing, installs it where it may, then runs the demo, the tests or the
//! benches. `cargo xtask help` lists the commands.

mod arrows;
mod browser;
mod ffi;
mod market;
mod node;
mod python;
mod run;
mod setup;
mod stages;
mod wasm;

use run::Failure;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask <command>

  demo [args]        a paid three-turn conversation on a local chain, in ETH and in a 6-decimal token
  test [--slow]      everything CI checks; prints the seconds of each stage
                     [--only STAGE] one stage alone, [--list] their names
  bench [args]       the benches, criterion and side by side
  setup              only the set-up: cmake, libclang, npm packages, the wasm32 target
  artifacts          compile the contracts and rewrite contracts/artifacts
  help               this text
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".into());
    let rest: Vec<String> = args.collect();
    let outcome = match command.as_str() {
        "demo" => setup::native().and_then(|()| stages::demo(&rest)),
        "test" => stages::test(&rest),
        "bench" => setup::native().and_then(|()| stages::bench(&rest)),
        "setup" => setup::native()
            .and_then(|()| setup::python_environment("vectors").map(drop))
            .and_then(|()| wasm::toolchain().map(drop)),
        "artifacts" => setup::node_packages().and_then(|()| stages::artifacts(false)),
        "help" | "--help" | "-h" => {
            eprint!("{HELP}");
            Ok(())
        }
        other => Err(Failure::new(format!("no such command: {other}\n\n{HELP}"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
