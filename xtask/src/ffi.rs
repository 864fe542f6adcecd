//! The C ABI as a C programmer meets it: header and library in a prefix, found by pkg-config, under sanitizers.

use crate::{
    market::LocalMarket,
    run::{Failure, Outcome, command, exists, output, root, run},
    setup,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Sources in `fabstir-ffi/tests/c`, and what each is given: the vectors, the model, or nothing.
const PROGRAMS: &[(&str, Given)] = &[
    ("vectors_settlement", Given::Vectors),
    ("vectors_messages", Given::Vectors),
    ("vectors_transcript", Given::Vectors),
    ("vectors_wire", Given::Vectors),
    ("misuse", Given::Nothing),
    ("escrow", Given::Nothing),
    ("threads", Given::Nothing),
    ("nulls", Given::Nothing),
    ("inference", Given::Model),
];

/// Those that valgrind runs too: what it can follow in seconds.
const UNDER_VALGRIND: &[&str] = &["misuse", "escrow", "nulls", "vectors_settlement", "vectors_wire"];

const SANITIZERS: &[&str] = &["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover"];

/// Most that a scalar call may cost, in nanoseconds.
const SCALAR_CALL: &str = "100";

#[derive(Debug, Clone, Copy)]
enum Given {
    Nothing,
    Vectors,
    Model,
}

/// What a program that links the library statically needs beside it: `rustc --print native-static-libs`, and llama.cpp's
/// C++.
fn private_libraries() -> &'static str {
    if cfg!(target_os = "macos") {
        "-framework Accelerate -framework Foundation -framework Metal -framework Security -lc++ -liconv -lm"
    } else {
        "-lstdc++ -lgcc_s -lutil -lrt -lpthread -lm -ldl"
    }
}

/// Builds the library as people get it, and everything C that stands on it; runs it all.
pub(crate) fn test() -> Outcome {
    tools()?;
    let (built, folder) = (build()?, root().join("target/ffi"));
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    run(command(&tool(&built, "examples/header")).arg("--check"))?;
    let nulls = output(&mut command(&tool(&built, "examples/nulls")))?;
    write(&folder.join("nulls.c"), &nulls)?;
    let prefix = install(&built, &folder)?;
    programs(&built, &folder)?;
    overhead(&built, &folder)?;
    story(&built, &prefix, &folder)?;
    miri()
}

fn tools() -> Outcome {
    let mut missing = Vec::new();
    for (program, package) in [("cc", "gcc"), ("valgrind", "valgrind"), ("pkg-config", "pkg-config")] {
        if !exists(program, "--version") {
            missing.push(package);
        }
    }
    let jansson = missing.contains(&"pkg-config")
        || output(command("pkg-config").args(["--silence-errors", "--cflags", "jansson"])).is_err();
    if jansson {
        missing.push("libjansson-dev");
    }
    if missing.is_empty() { Ok(()) } else { setup::install(&missing) }
}

/// Builds the library with all its features, and the market of the story; returns the folder of what was built.
fn build() -> Outcome<PathBuf> {
    run(crate::run::cargo()
        .args(["build", "--locked", "--package", "fabstir-ffi", "--package", "fabstir-examples"])
        .args(["--lib", "--example", "header", "--example", "nulls", "--bin", "market"]))?;
    Ok(env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("debug"))
}

/// Puts header, libraries and pkg-config file where a package would.
fn install(built: &Path, folder: &Path) -> Outcome<PathBuf> {
    let prefix = folder.join("prefix");
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    fs::create_dir_all(&include).map_err(|error| failed(&include, &error))?;
    fs::create_dir_all(lib.join("pkgconfig")).map_err(|error| failed(&lib, &error))?;
    copy(&root().join("fabstir-ffi/include/fabstir.h"), &include.join("fabstir.h"))?;
    let shared = if cfg!(target_os = "macos") { "libfabstir.dylib" } else { "libfabstir.so" };
    copy(&built.join(shared), &lib.join(shared))?;
    let template = root().join("fabstir-ffi/fabstir.pc.in");
    let template = fs::read_to_string(&template).map_err(|error| failed(&template, &error))?;
    let filled = template
        .replace("@PREFIX@", &prefix.to_string_lossy())
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@PRIVATE_LIBS@", private_libraries());
    write(&lib.join("pkgconfig/fabstir.pc"), &filled)?;
    Ok(prefix)
}

/// The tests in C: under the address and undefined-behaviour sanitizers, and some of them under valgrind.
fn programs(built: &Path, folder: &Path) -> Outcome {
    for (name, given) in PROGRAMS {
        let argument = match given {
            Given::Nothing => None,
            Given::Vectors => Some("vectors"),
            Given::Model => Some("models/tiny/fabstir-tiny.gguf"),
        };
        let sanitized = folder.join(format!("{name}.asan"));
        compile(&source(name, folder), &sanitized, built, SANITIZERS)?;
        run(command(&sanitized.to_string_lossy()).args(argument).env("ASAN_OPTIONS", "detect_leaks=1"))?;
        if UNDER_VALGRIND.contains(name) && exists("valgrind", "--version") {
            let plain = folder.join(name);
            compile(&source(name, folder), &plain, built, &["-O1"])?;
            let words = ["--quiet", "--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite"];
            run(command("valgrind").args(words).arg(&plain).args(argument))?;
        }
    }
    Ok(())
}

fn source(name: &str, folder: &Path) -> PathBuf {
    let made = folder.join(format!("{name}.c"));
    if made.exists() { made } else { root().join("fabstir-ffi/tests/c").join(format!("{name}.c")) }
}

/// Compiles a C program, with the library linked statically.
fn compile(source: &Path, program: &Path, built: &Path, flags: &[&str]) -> Outcome {
    let mut cc = command("cc");
    cc.args(["-std=c11", "-g", "-Werror", "-Wall", "-Wextra", "-Wpedantic"]).args(flags);
    cc.args(["-Ifabstir-ffi/include", "-Ifabstir-ffi/tests/c"]).arg(source).arg("-o").arg(program);
    cc.arg(built.join("libfabstir.a"));
    let uses_json = fs::read_to_string(source).is_ok_and(|text| text.contains("vectors.h"));
    if uses_json {
        cc.args(output(command("pkg-config").args(["--cflags", "--libs", "jansson"]))?.split_whitespace());
    }
    run(cc.args(private_libraries().split_whitespace()))
}

/// What a scalar call costs.
fn overhead(built: &Path, folder: &Path) -> Outcome {
    let program = folder.join("overhead");
    compile(&source("overhead", folder), &program, built, &["-O2"])?;
    run(command(&program.to_string_lossy()).arg(SCALAR_CALL))
}

/// The short story, compiled as its header says, against the shared library, with a real host; and what it does not show,
/// under the sanitizers.
fn story(built: &Path, prefix: &Path, folder: &Path) -> Outcome {
    let found = output(
        command("pkg-config")
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .args(["--cflags", "--libs", "fabstir"]),
    )?;
    let program = folder.join("story");
    let mut cc = command("cc");
    cc.args(["-std=c99", "-Werror", "-Wall", "-Wextra", "-Wpedantic", "examples/c/story.c", "-o"]).arg(&program);
    run(cc.args(found.split_whitespace()))?;
    let renter = folder.join("renter.asan");
    compile(&source("renter", folder), &renter, built, SANITIZERS)?;
    let market = LocalMarket::start(built)?;
    for program in [program, renter] {
        let sessions = program.with_extension("redb");
        // Sessions of a chain that is gone.
        let _ = fs::remove_file(&sessions);
        let mut told: Command = command(&program.to_string_lossy());
        told.args([market.field("rpc")?, market.field("market")?, market.renter_key()?]).arg(&sessions);
        run(told.env("LD_LIBRARY_PATH", prefix.join("lib")).env("DYLD_LIBRARY_PATH", prefix.join("lib")))?;
    }
    Ok(())
}

/// What is Rust alone in the boundary, under Miri, where it can be had: it comes with nightly toolchains only.
fn miri() -> Outcome {
    let there = command("cargo")
        .args(["miri", "--version"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        println!("skipped: the boundary under Miri, which this toolchain does not have (`rustup component add miri`)");
        return Ok(());
    }
    let mut miri = command("cargo");
    miri.args(["miri", "test", "--package", "fabstir-ffi", "--no-default-features", "--lib"]);
    run(miri.args(["--", "boundary::", "buffer::", "handle::", "pointer::", "status::"]))
}

fn tool(built: &Path, name: &str) -> String {
    built.join(name).to_string_lossy().into_owned()
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(drop).map_err(|error| failed(from, &error))
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
