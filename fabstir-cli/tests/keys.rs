//! `fabstir keys`, by the built binary.

mod common;

use common::{Home, PASSPHRASE};
use serde_json::json;

const SECRET: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const ADDRESS: &str = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

fn with_passphrase<'a>(home: &Home, arguments: &[&'a str], path: &'a mut String) -> Vec<&'a str> {
    *path = home.passphrase().display().to_string();
    [arguments, &["--passphrase-file", path]].concat()
}

#[test]
fn a_key_is_imported_listed_shown_and_exported() {
    let (home, mut path) = (Home::new(), String::new());
    let secret = home.write("secret", SECRET).display().to_string();
    let imported = home.json(&with_passphrase(&home, &["keys", "import", "main", "--secret-file", &secret], &mut path));
    assert_eq!((&imported["name"], &imported["address"]), (&json!("main"), &json!(ADDRESS)));
    assert_eq!(home.json(&["keys", "list"])[0]["address"], ADDRESS);
    assert_eq!(home.json(&["keys", "show"])["address"], ADDRESS);
    let exported = home.json(&with_passphrase(&home, &["keys", "export", "main", "--yes"], &mut path));
    assert_eq!(exported["secret"], SECRET);

    let file = imported["path"].as_str().expect("path").to_owned();
    let text = std::fs::read_to_string(&file).expect("keystore");
    assert!(!text.contains(&SECRET[2..]) && !text.contains(PASSPHRASE), "a secret in {text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // As another program's file it comes in under another name.
    let copied =
        ["keys", "import", "copy", "--from", &file, "--from-passphrase-file", &path.clone()].map(str::to_owned);
    let copied: Vec<&str> = copied.iter().map(String::as_str).collect();
    assert_eq!(home.json(&with_passphrase(&home, &copied, &mut path))["address"], ADDRESS);
    let which = home.fails("keystore", &["keys", "show"]);
    assert!(which.contains("copy, main") && which.contains("--key"), "{which}");
}

#[test]
fn new_keys_differ_and_are_never_replaced() {
    let (home, mut path) = (Home::new(), String::new());
    let first = home.json(&with_passphrase(&home, &["keys", "new", "one"], &mut path));
    let second = home.json(&with_passphrase(&home, &["keys", "new", "two"], &mut path));
    assert_ne!(first["address"], second["address"]);
    let taken = home.fails("keystore", &with_passphrase(&home, &["keys", "new", "one"], &mut path));
    assert!(taken.contains("already"), "{taken}");
    assert_eq!(home.json(&["keys", "show", "one"])["address"], first["address"]);
}

#[test]
fn bad_passphrases_names_and_files_are_refused() {
    let (home, mut path) = (Home::new(), String::new());
    let short = home.write("short", "elevenchars\n").display().to_string();
    let message = home.fails("keystore", &["keys", "new", "main", "--passphrase-file", &short]);
    assert!(message.contains("at least 12"), "{message}");
    assert!(home.json(&["keys", "list"]).as_array().is_some_and(Vec::is_empty), "nothing was kept");
    let message = home.fails("keystore", &["keys", "new", "main"]);
    assert!(message.contains("--passphrase-file"), "no terminal: {message}");
    home.fails("keystore", &["keys", "new", "main", "--passphrase-file", "/nowhere"]);
    home.fails("keystore", &with_passphrase(&home, &["keys", "new", "../main"], &mut path));
    home.fails("keystore", &["keys", "show", "main"]);

    home.json(&with_passphrase(&home, &["keys", "new", "main"], &mut path));
    let wrong = home.write("wrong", "correct horse battery stable\n").display().to_string();
    let message = home.fails("keystore", &["keys", "export", "main", "--yes", "--passphrase-file", &wrong]);
    assert!(message.contains("passphrase is wrong"), "{message}");
    let message = home.fails("invalid_config", &with_passphrase(&home, &["keys", "export", "main"], &mut path));
    assert!(message.contains("--yes"), "consent cannot be asked: {message}");

    for (name, text) in [("cut", "{\"version\": 3, \"crypto\""), ("foreign", "GGUF"), ("empty", "")] {
        let file = home.write(name, text).display().to_string();
        home.fails("keystore", &with_passphrase(&home, &["keys", "import", "other", "--from", &file], &mut path));
    }
    let secret = home.write("secret", "0x1234").display().to_string();
    let message =
        home.fails("keystore", &with_passphrase(&home, &["keys", "import", "x", "--secret-file", &secret], &mut path));
    assert!(!message.contains("1234"), "a secret is not repeated: {message}");
    std::fs::write(home.path("data/keys/broken.json"), "{}").expect("written");
    let message = home.fails("keystore", &["keys", "show", "broken"]);
    assert!(message.contains("broken.json"), "{message}");
}
