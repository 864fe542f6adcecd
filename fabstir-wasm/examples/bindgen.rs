//! wasm-bindgen over a built module, at the version of the workspace's lock file:
//! `cargo run -p fabstir-wasm --example bindgen -- <in.wasm> <name> <out folder>`.

use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [input, name, folder] = words.as_slice() else { return Err("usage: bindgen <in.wasm> <name> <folder>".into()) };
    let mut bindgen = Bindgen::new();
    // The glue without code that loads the module: `js/src/core.js` does that, so that a page may load it as it likes.
    bindgen.bundler(true)?.typescript(false).remove_name_section(true).remove_producers_section(true);
    bindgen.input_path(input).out_name(name).generate(folder)?;
    Ok(())
}
