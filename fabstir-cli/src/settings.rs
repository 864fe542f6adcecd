//! Settings: flags override the environment, which overrides the config file, which overrides the defaults.
//!
//! clap reads flags and environment, figment lays them over the file. Nothing else in Fabstir looks at the environment.

use crate::error::{CliError, Result};
use alloy_primitives::Address;
use clap::Args;
use figment::{
    Figment,
    providers::{Format, Serialized, Toml},
};
use serde::{Deserialize, Serialize};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// What every command takes.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Common options")]
pub(crate) struct CommonArgs {
    /// Print JSON for scripts: results on stdout, errors on stderr
    #[arg(long, global = true)]
    #[serde(skip)]
    pub(crate) json: bool,
    /// Config file [default: ~/.config/fabstir/config.toml]
    #[arg(long, global = true, value_name = "FILE", env = "FABSTIR_CONFIG")]
    #[serde(skip)]
    pub(crate) config: Option<PathBuf>,
    /// JSON-RPC endpoint of the chain [default: http://127.0.0.1:8545]
    #[arg(long, global = true, value_name = "URL", env = "FABSTIR_RPC", hide_env_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    rpc: Option<String>,
    /// The chain that the endpoint must serve
    #[arg(long, global = true, value_name = "ID", env = "FABSTIR_CHAIN_ID")]
    #[serde(skip_serializing_if = "Option::is_none")]
    chain_id: Option<u64>,
    /// SessionMarket's address [default: from the deployment file]
    #[arg(long, global = true, value_name = "ADDRESS", env = "FABSTIR_MARKET", value_parser = parse_address)]
    #[serde(skip_serializing_if = "Option::is_none")]
    market: Option<Address>,
    /// Deployment file [default: DEPLOYMENTS/<chain id>.json]
    #[arg(long, global = true, value_name = "FILE", env = "FABSTIR_DEPLOYMENT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<PathBuf>,
    /// Directory of deployment files [default: DATA_DIR/deployments]
    #[arg(long, global = true, value_name = "DIR", env = "FABSTIR_DEPLOYMENTS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    deployments: Option<PathBuf>,
    /// Directory of keystores [default: DATA_DIR/keys]
    #[arg(long, global = true, value_name = "DIR", env = "FABSTIR_KEYSTORE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    keystore: Option<PathBuf>,
    /// Name of the key to use [default: the only one there is]
    #[arg(long, global = true, value_name = "NAME", env = "FABSTIR_KEY", conflicts_with = "dev_key")]
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Use anvil's well-known key N, on the local chain (id 31337) only
    #[arg(long, global = true, value_name = "N", env = "FABSTIR_DEV_KEY")]
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_key: Option<usize>,
    /// File whose first line is the key's passphrase [default: ask]
    #[arg(long, global = true, value_name = "FILE", env = "FABSTIR_PASSPHRASE_FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase_file: Option<PathBuf>,
    /// Where sessions and the host's journal are kept [default: ~/.local/share/fabstir]
    #[arg(long, global = true, value_name = "DIR", env = "FABSTIR_DATA_DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    data_dir: Option<PathBuf>,
    /// Blocks that make an event final, its own included [default: 1]
    #[arg(long, global = true, value_name = "N", env = "FABSTIR_CONFIRMATIONS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmations: Option<u64>,
    /// What is logged to stderr: error, warn, info, debug, trace, or by module [default: warn, a host's info]
    #[arg(long, global = true, value_name = "LEVEL", env = "FABSTIR_LOG")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

/// What concerns a host.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Host options")]
pub(crate) struct HostArgs {
    /// A model to serve: a GGUF file. May be repeated
    #[arg(long = "model", value_name = "FILE", env = "FABSTIR_MODELS", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<PathBuf>,
    /// Prices per million tokens fed and sampled, [MODEL@]TOKEN=INPUT/OUTPUT, such as ETH=0.0004/0.0016. MODEL is a
    /// file name without .gguf. May be repeated
    #[arg(long = "price", value_name = "PRICE", env = "FABSTIR_PRICES", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prices: Vec<String>,
    /// Address to listen on [default: 127.0.0.1:8700]
    #[arg(long, value_name = "ADDRESS:PORT", env = "FABSTIR_LISTEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    listen: Option<SocketAddr>,
    /// The URL that renters connect to [default: ws://LISTEN]
    #[arg(long, value_name = "URL", env = "FABSTIR_URL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// How a host serves.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Host options")]
pub(crate) struct ServeArgs {
    /// The registered account that is paid, if the key used here is only its signer
    #[arg(long, value_name = "ADDRESS", env = "FABSTIR_HOST", value_parser = parse_address)]
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Address>,
    /// Longest conversation, tokens [default: what the model was trained on, at most 4096]
    #[arg(long, value_name = "TOKENS", env = "FABSTIR_CONTEXT_LENGTH")]
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u32>,
    /// Conversations computed at once [default: 8]
    #[arg(long, value_name = "N", env = "FABSTIR_SEQUENCES")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sequences: Option<u32>,
    /// Layers on the GPU, of builds that have one [default: all]
    #[arg(long, value_name = "N", env = "FABSTIR_GPU_LAYERS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    gpu_layers: Option<u32>,
    /// Threads that compute [default: one a core]
    #[arg(long, value_name = "N", env = "FABSTIR_THREADS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<u32>,
    /// Output tokens that may be unpaid [default: 256]
    #[arg(long, value_name = "TOKENS", env = "FABSTIR_CREDIT_TOKENS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_tokens: Option<u32>,
    /// Output tokens between checkpoints [default: 64]
    #[arg(long, value_name = "TOKENS", env = "FABSTIR_CHECKPOINT_TOKENS")]
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint_tokens: Option<u32>,
    /// Serve other machines without encryption; only behind something that encrypts
    #[arg(long, env = "FABSTIR_ALLOW_PLAINTEXT")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_plaintext: bool,
}

/// How a session is opened.
#[derive(Debug, Clone, Default, Args, Serialize)]
#[command(next_help_heading = "Session options")]
pub(crate) struct OpenArgs {
    /// The host to use, by account [default: the cheapest]
    #[arg(long = "host", value_name = "ADDRESS", value_parser = parse_address)]
    #[serde(skip)]
    pub(crate) only_host: Option<Address>,
    /// The model, by its id, the beginning of it, or a GGUF file [default: the cheapest]
    #[arg(long = "model", value_name = "ID|FILE")]
    #[serde(skip)]
    pub(crate) only_model: Option<String>,
    /// What to pay with: ETH, a ticker of the deployment file, or an address [default: ETH]
    #[arg(long, value_name = "TOKEN", env = "FABSTIR_TOKEN")]
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// What to lock, such as 0.001; what is not used comes back
    #[arg(long, value_name = "AMOUNT", env = "FABSTIR_DEPOSIT")]
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit: Option<String>,
    /// How long the session may last, minutes [default: 60]
    #[arg(long, value_name = "MINUTES", env = "FABSTIR_DURATION")]
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
    /// Time for late vouchers after its end, minutes [default: 60]
    #[arg(long, value_name = "MINUTES", env = "FABSTIR_GRACE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    grace: Option<u64>,
    /// Talk to hosts on other machines without encryption
    #[arg(long, env = "FABSTIR_ALLOW_PLAINTEXT")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_plaintext: bool,
}

/// All settings, whatever they came from. The config file has the same names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) rpc: String,
    pub(crate) chain_id: Option<u64>,
    pub(crate) market: Option<Address>,
    pub(crate) deployment: Option<PathBuf>,
    pub(crate) deployments: Option<PathBuf>,
    pub(crate) keystore: Option<PathBuf>,
    pub(crate) key: Option<String>,
    pub(crate) dev_key: Option<usize>,
    pub(crate) passphrase_file: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) confirmations: u64,
    pub(crate) log: Option<String>,

    pub(crate) models: Vec<PathBuf>,
    pub(crate) prices: Vec<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) url: Option<String>,
    pub(crate) host: Option<Address>,
    pub(crate) context_length: Option<u32>,
    pub(crate) sequences: Option<u32>,
    pub(crate) gpu_layers: Option<u32>,
    pub(crate) threads: Option<u32>,
    pub(crate) credit_tokens: u32,
    pub(crate) checkpoint_tokens: u32,
    pub(crate) allow_plaintext: bool,

    pub(crate) token: String,
    pub(crate) deposit: Option<String>,
    pub(crate) duration: u64,
    pub(crate) grace: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rpc: "http://127.0.0.1:8545".into(),
            chain_id: None,
            market: None,
            deployment: None,
            deployments: None,
            keystore: None,
            key: None,
            dev_key: None,
            passphrase_file: None,
            data_dir: None,
            confirmations: 1,
            log: None,
            models: Vec::new(),
            prices: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8700)),
            url: None,
            host: None,
            context_length: None,
            sequences: None,
            gpu_layers: None,
            threads: None,
            credit_tokens: 256,
            checkpoint_tokens: 64,
            allow_plaintext: false,
            token: "ETH".into(),
            deposit: None,
            duration: 60,
            grace: 60,
        }
    }
}

impl Settings {
    /// Lays flags and environment over the config file over the defaults.
    ///
    /// # Errors
    ///
    /// `invalid_config` for a file that is missing though named, or that has what no setting is.
    pub(crate) fn load(common: &CommonArgs, layers: &[&dyn Layer]) -> Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(path) = config_file(common.config.as_deref())? {
            figment = figment.merge(Toml::file_exact(path));
        }
        // A key chosen nearer to the user replaces one of the other kind further away.
        let (named, well_known) = (common.key.is_some(), common.dev_key.is_some());
        figment = figment.merge(Serialized::defaults(common));
        for layer in layers {
            figment = layer.over(figment);
        }
        let mut settings: Self = figment.extract().map_err(|error| CliError::config(error.to_string()))?;
        if named {
            settings.dev_key = None;
        } else if well_known {
            settings.key = None;
        }
        Ok(settings)
    }

    /// Where data is kept.
    ///
    /// # Errors
    ///
    /// `invalid_config` if there is no home directory and none was named.
    pub(crate) fn data_dir(&self) -> Result<PathBuf> {
        match &self.data_dir {
            Some(directory) => Ok(directory.clone()),
            None => base_directory("XDG_DATA_HOME", ".local/share")
                .ok_or_else(|| CliError::config("there is no home directory; name one with --data-dir")),
        }
    }

    /// Where keystores are.
    ///
    /// # Errors
    ///
    /// Those of [`Settings::data_dir`].
    pub(crate) fn keystore_dir(&self) -> Result<PathBuf> {
        self.keystore.clone().map_or_else(|| Ok(self.data_dir()?.join("keys")), Ok)
    }

    /// Where deployment files are.
    ///
    /// # Errors
    ///
    /// Those of [`Settings::data_dir`].
    pub(crate) fn deployments_dir(&self) -> Result<PathBuf> {
        self.deployments.clone().map_or_else(|| Ok(self.data_dir()?.join("deployments")), Ok)
    }
}

/// Flags of one command.
pub(crate) trait Layer {
    /// Lays those given over the settings so far.
    fn over(&self, figment: Figment) -> Figment;
}

macro_rules! layers {
    ($($args:ty),*) => {$(
        impl Layer for $args {
            fn over(&self, figment: Figment) -> Figment {
                figment.merge(Serialized::defaults(self))
            }
        }
    )*};
}
layers!(HostArgs, ServeArgs, OpenArgs);

/// The config file to read, if any. One that was named has to be there.
fn config_file(named: Option<&Path>) -> Result<Option<PathBuf>> {
    match named {
        Some(path) if path.is_file() => Ok(Some(path.to_owned())),
        Some(path) => Err(CliError::config(format!("config file {}: not found", path.display()))),
        None => {
            let path = base_directory("XDG_CONFIG_HOME", ".config").map(|directory| directory.join("config.toml"));
            Ok(path.filter(|path| path.is_file()))
        }
    }
}

/// Fabstir's directory under one of the XDG base directories.
fn base_directory(variable: &str, under_home: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set.or_else(|| std::env::home_dir().map(|home| home.join(under_home)))?;
    Some(base.join("fabstir"))
}

/// Reads an address; one in mixed case must have its checksum right.
pub(crate) fn parse_address(text: &str) -> std::result::Result<Address, String> {
    let digits = text.strip_prefix("0x").ok_or("an address begins with 0x")?;
    let address: Address = text.parse().map_err(|_| "not an address: 0x and 40 hexadecimal digits")?;
    let mixed = digits.contains(|c: char| c.is_ascii_lowercase()) && digits.contains(|c: char| c.is_ascii_uppercase());
    if mixed && address.to_checksum(None) != text {
        return Err("its checksum is wrong: a digit was mistyped".into());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn common(config: &Path) -> CommonArgs {
        CommonArgs { config: Some(config.to_owned()), ..CommonArgs::default() }
    }

    #[test]
    fn flags_lie_over_the_file_over_the_defaults() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("config.toml");
        fs::write(&path, "rpc = \"http://file:1\"\nconfirmations = 7\ncredit_tokens = 128\n").expect("written");
        let flags = CommonArgs { rpc: Some("http://flag:1".into()), ..common(&path) };
        let settings = Settings::load(&flags, &[]).expect("settings");
        assert_eq!(settings.rpc, "http://flag:1");
        assert_eq!((settings.confirmations, settings.credit_tokens, settings.checkpoint_tokens), (7, 128, 64));
    }

    #[test]
    fn what_no_setting_is_gets_named() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("config.toml");
        fs::write(&path, "confimations = 7\n").expect("written");
        let error = Settings::load(&common(&path), &[]).expect_err("misspelt");
        assert_eq!(error.code_name(), "invalid_config");
        assert!(error.to_string().contains("confimations"), "{error}");
        let error = Settings::load(&common(Path::new("/nowhere/config.toml")), &[]).expect_err("missing");
        assert!(error.to_string().contains("not found"), "{error}");
    }

    #[test]
    fn a_key_by_flag_replaces_the_other_kind_in_the_file() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("config.toml");
        fs::write(&path, "key = \"main\"\n").expect("written");
        let settings = Settings::load(&CommonArgs { dev_key: Some(2), ..common(&path) }, &[]).expect("settings");
        assert_eq!((settings.key, settings.dev_key), (None, Some(2)));
    }

    #[test]
    fn mistyped_addresses_are_noticed() {
        let right = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
        assert!(parse_address(right).is_ok());
        assert!(parse_address(&right.to_lowercase()).is_ok());
        assert!(parse_address("0x5fbDB2315678afecb367f032d93F642f64180aa3").is_err());
        assert!(parse_address(&right[2..]).is_err());
        assert!(parse_address("0x12").is_err());
    }
}
