//! Writes `include/fabstir.h` from the library's sources. With `--check` it compares instead.

use std::{env, error::Error, fs, path::Path, process::ExitCode};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = here.join("include/fabstir.h");
    let mut written = Vec::new();
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml"))?;
    cbindgen::Builder::new().with_crate(here).with_config(config).generate()?.write(&mut written);
    if env::args().any(|word| word == "--check") {
        if fs::read(&header)? == written {
            return Ok(ExitCode::SUCCESS);
        }
        eprintln!("{} is not that of the sources: cargo run -p fabstir-ffi --example header", header.display());
        return Ok(ExitCode::FAILURE);
    }
    fs::write(&header, written)?;
    Ok(ExitCode::SUCCESS)
}
