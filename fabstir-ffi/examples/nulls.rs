//! Writes a C program that calls every function of the header with nothing but zeros and NULLs: each must answer with a
//! status, and none may crash. So no function is forgotten when the header grows.

use std::{error::Error, fmt::Write, fs, path::Path};

/// What such a call answers where it is no refusal: these take no pointer that must be there.
const HARMLESS: &[&str] = &["fabstir_abi_version", "fabstir_handles_open", "fabstir_status_is_retryable"];

fn main() -> Result<(), Box<dyn Error>> {
    let header = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/fabstir.h"))?;
    let mut calls = String::new();
    let mut count = 0;
    for statement in without_comments(&header).split(';') {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        // Behind what precedes the first declaration: the opening of `extern "C"`.
        let statement = statement.rsplit(['{', '#']).next().unwrap_or_default();
        let Some((front, parameters)) = statement.split_once('(') else { continue };
        let (Some(name), false) = (front.rsplit([' ', '*']).next(), front.contains("typedef")) else { continue };
        if !name.starts_with("fabstir_") || HARMLESS.contains(&name) {
            continue;
        }
        let zeros = match parameters.trim_end_matches(')') {
            "void" => String::new(),
            parameters => vec!["0"; parameters.split(',').count()].join(", "),
        };
        count += 1;
        let returns_status = front.split_whitespace().any(|word| word == "fabstir_status");
        match (returns_status, front.split_whitespace().any(|word| word == "void")) {
            (true, _) => writeln!(calls, "    refused(\"{name}\", {name}({zeros}));")?,
            (_, true) => writeln!(calls, "    {name}({zeros});\n    checks++;")?,
            _ => writeln!(calls, "    CHECK({name}({zeros}) != NULL);")?,
        }
    }
    println!("{}\nint main(void) {{\n{calls}    CHECK({count} > 140);\n    return done(\"nulls\");\n}}", PROLOGUE);
    Ok(())
}

const PROLOGUE: &str = r#"#include "check.h"

static void refused(const char *name, fabstir_status status) {
    checks++;
    if (status < FABSTIR_STATUS_NULL_ARGUMENT || status == FABSTIR_STATUS_PANIC || status == FABSTIR_STATUS_INTERNAL) {
        fprintf(stderr, "%s(0...) answers %d\n", name, (int)status);
        exit(1);
    }
}
"#;

/// The header without comments and preprocessor lines.
fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        code.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    code.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}
