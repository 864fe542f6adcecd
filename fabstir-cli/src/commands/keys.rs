//! `fabstir keys`: keys under passphrases.

use crate::{
    app::App,
    commands::host::register::public_key,
    error::{CliError, Result},
    keystore::{Passphrase, StoredKey, confirm, random, read_keystore, read_secret},
    output::table,
};
use alloy_primitives::{Address, Bytes, hex};
use clap::{Args, Subcommand};
use fabstir_core::{Code, signature::SigningKey};
use serde::Serialize;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest hexadecimal secret read, bytes of text.
const MAX_SECRET_FILE: u64 = 1_024;

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key under a new passphrase of at least 12 characters
    New {
        /// Its name
        name: String,
    },
    /// List the keys
    List,
    /// Show a key's address and file, never its secret
    Show(ShowArgs),
    /// Keep a key that exists already
    Import(ImportArgs),
    /// Print a key's secret. Whoever has it has the money
    Export(ExportArgs),
}

/// Flags of `keys show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The key [default: the only one there is]
    name: Option<String>,
    /// Its public key too, as `host register --public-key` takes it; asks for the passphrase
    #[arg(long)]
    public_key: bool,
}

/// Flags of `keys import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Its name
    name: String,
    /// A keystore of another program (Web3 Secret Storage, version 3) [default: ask for the secret]
    #[arg(long, value_name = "FILE", conflicts_with = "secret_file")]
    from: Option<PathBuf>,
    /// File whose first line is that keystore's passphrase [default: ask]
    #[arg(long, value_name = "FILE", requires = "from")]
    from_passphrase_file: Option<PathBuf>,
    /// A file with the secret in hexadecimal
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

/// Flags of `keys export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The key
    name: String,
    /// Do not ask again
    #[arg(long)]
    yes: bool,
}

#[derive(Debug, Serialize)]
struct KeyView {
    name: String,
    address: Option<Address>,
    path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_key: Option<Bytes>,
}

impl From<StoredKey> for KeyView {
    fn from(key: StoredKey) -> Self {
        Self { address: key.keystore.address(), name: key.name, path: key.path, public_key: None }
    }
}

impl KeyView {
    fn text(&self) -> String {
        let Self { name, path, .. } = self;
        let address = self.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let public_key = self.public_key.as_ref().map(|key| format!("\npublic key  {key}")).unwrap_or_default();
        format!("name        {name}\naddress     {address}\nfile        {}{public_key}", path.display())
    }
}

/// Runs a command about keys.
///
/// # Errors
///
/// `keystore`, those of files.
pub(crate) async fn run(app: App, command: KeysCommand) -> Result {
    match command {
        KeysCommand::New { name } => new(&app, &name),
        KeysCommand::List => list(&app),
        KeysCommand::Show(args) => show(&app, &args),
        KeysCommand::Import(args) => import(&app, &args),
        KeysCommand::Export(args) => export(&app, &args).await,
    }
}

fn new(app: &App, name: &str) -> Result {
    // Zero and numbers beyond the curve's order are as likely as a collision; the second attempt is for form's sake.
    let mut secret = Zeroizing::new(random::<32>()?);
    let key = match SigningKey::from_bytes(&secret) {
        Ok(key) => key,
        Err(_) => {
            *secret = random()?;
            SigningKey::from_bytes(&secret)?
        }
    };
    keep(app, name, &key)?;
    app.out.note("keep the passphrase and a copy of the file: nobody can bring back either");
    Ok(())
}

fn keep(app: &App, name: &str, key: &SigningKey) -> Result {
    let keys = app.keys()?;
    keys.vacant(name)?;
    let passphrase = app.passphrase().choose(&format!("key {name}"))?;
    let path = keys.save(name, key, &passphrase)?;
    let view = KeyView { name: name.into(), address: Some(key.address()), path, public_key: None };
    app.out.result(&view, KeyView::text);
    Ok(())
}

fn list(app: &App) -> Result {
    let keys = app.keys()?;
    let views = keys.names()?.iter().map(|name| keys.load(name).map(KeyView::from)).collect::<Result<Vec<_>>>()?;
    app.out.result(&views, |views| {
        if views.is_empty() {
            return "no keys; `fabstir keys new NAME` makes one".to_owned();
        }
        let address = |view: &KeyView| view.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
        let rows: Vec<_> =
            views.iter().map(|view| vec![view.name.clone(), address(view), view.path.display().to_string()]).collect();
        table(&["NAME", "ADDRESS", "FILE"], &rows)
    });
    Ok(())
}

fn show(app: &App, args: &ShowArgs) -> Result {
    let stored = app.keys()?.choose(args.name.as_deref().or(app.settings.key.as_deref()))?;
    let public_key = if args.public_key { Some(public_key(&open(app.passphrase(), &stored)?)) } else { None };
    let view = KeyView { public_key, ..stored.into() };
    app.out.result(&view, KeyView::text);
    Ok(())
}

fn open(passphrase: Passphrase<'_>, stored: &StoredKey) -> Result<SigningKey> {
    passphrase.try_with(&format!("key {}", stored.name), |passphrase| stored.keystore.decrypt(passphrase))
}

fn import(app: &App, args: &ImportArgs) -> Result {
    app.keys()?.vacant(&args.name)?;
    let key = match (&args.from, &args.secret_file) {
        (Some(path), _) => {
            let keystore = read_keystore(path)?;
            let passphrase = Passphrase::from(args.from_passphrase_file.as_deref());
            passphrase.try_with(&path.display().to_string(), |passphrase| keystore.decrypt(passphrase))?
        }
        (None, Some(path)) => parse_secret(&read_secret_file(path)?)?,
        (None, None) => parse_secret(&read_secret("Secret, 64 hexadecimal digits: ")?)?,
    };
    keep(app, &args.name, &key)
}

fn read_secret_file(path: &Path) -> Result<Zeroizing<String>> {
    let unreadable = |reason: &dyn std::fmt::Display| {
        CliError::new(Code::Keystore, format!("{}: {reason}", path.display())).hint("check --secret-file")
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(&error))?.len();
    if size > MAX_SECRET_FILE {
        return Err(unreadable(&format!("{size} bytes are too many for a secret")));
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| unreadable(&error))
}

/// Reads a secret. What was typed is never repeated in an error.
fn parse_secret(text: &str) -> Result<SigningKey> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut secret = Zeroizing::new([0u8; 32]);
    let refused = || CliError::new(Code::Keystore, "not a secret: 64 hexadecimal digits").hint("check what you import");
    hex::decode_to_slice(digits, secret.as_mut_slice()).map_err(|_| refused())?;
    SigningKey::from_bytes(&secret).map_err(|_| refused())
}

#[derive(Serialize)]
struct Exported<'a> {
    name: &'a str,
    address: Address,
    secret: &'a str,
}

async fn export(app: &App, args: &ExportArgs) -> Result {
    let stored = app.keys()?.load(&args.name)?;
    let question = format!("This prints the secret of key {}. Whoever sees it has its money.", args.name);
    if !args.yes && !confirm(&question, &args.name).await? {
        return Err(CliError::config("nothing was exported: consent was not given"));
    }
    let key = open(app.passphrase(), &stored)?;
    let secret = Zeroizing::new(hex::encode_prefixed(key.expose_secret()));
    let exported = Exported { name: &args.name, address: key.address(), secret: &secret };
    app.out.result(&exported, |exported| exported.secret.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_and_never_repeated() {
        let digits = "11".repeat(32);
        let key = parse_secret(&format!("0x{digits}\n")).expect("secret");
        assert_eq!(key.expose_secret(), &[0x11; 32]);
        for bad in [&digits[..62], &"zz".repeat(32), &"00".repeat(32), ""] {
            let error = parse_secret(bad).expect_err("no secret");
            assert_eq!(error.code_name(), "keystore");
            assert!(bad.is_empty() || !error.to_string().contains(bad));
        }
    }
}
