//! A local chain for tests, the demo and development: starts anvil and stops it.

use crate::{Error, config::RpcLimits, provider::Provider};
use alloy_primitives::{Address, U64, U256, b256};
use fabstir_core::{amount::Amount, signature::SigningKey};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest wait for anvil to answer.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Ports tried: another process may take one between our look and anvil's start.
const PORT_ATTEMPTS: u32 = 5;

/// Development accounts, each with 10,000 ETH. Their keys are anvil's well-known ones: never put money on them.
pub const ACCOUNTS: usize = 10;

const KEYS: [alloy_primitives::B256; ACCOUNTS] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
];

/// How to start it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnvilConfig {
    /// The program; looked for with [`find_anvil`] from the current directory if `None`.
    pub binary: Option<PathBuf>,
    /// The chain's id.
    pub chain_id: u64,
    /// Port on 127.0.0.1; a free one if `None`.
    pub port: Option<u16>,
    /// Seconds between blocks; a block per transaction if `None`.
    pub block_time: Option<u64>,
    /// File that keeps the chain from one start to the next.
    pub state: Option<PathBuf>,
    /// Further arguments, as anvil's own help has them.
    pub arguments: Vec<String>,
}

impl Default for AnvilConfig {
    fn default() -> Self {
        Self { binary: None, chain_id: 31_337, port: None, block_time: None, state: None, arguments: Vec::new() }
    }
}

/// A running anvil. Ended when dropped and, on Unix, when this process dies.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    provider: Provider,
    url: String,
}

impl Anvil {
    /// Starts it and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error::Anvil`], saying what to do: not installed, port taken, does not answer.
    pub async fn start(config: AnvilConfig) -> Result<Self, Error> {
        let binary = match &config.binary {
            Some(binary) => binary.clone(),
            None => find_anvil(&std::env::current_dir().map_err(|error| Error::Anvil(error.to_string()))?)?,
        };
        let mut attempt = 1;
        loop {
            match Self::start_once(&binary, &config).await {
                Err(error) if config.port.is_none() && attempt < PORT_ATTEMPTS => {
                    tracing::debug!(%error, "starting anvil again");
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn start_once(binary: &Path, config: &AnvilConfig) -> Result<Self, Error> {
        let port = match config.port {
            Some(port) => port,
            None => free_port()?,
        };
        let mut process = Process::spawn(binary, config, port)?;
        let url = format!("http://127.0.0.1:{port}");
        let limits = RpcLimits { attempts: 1, poll_interval: Duration::from_millis(50), ..RpcLimits::default() };
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            let answer = Provider::connect(&url, Some(config.chain_id), limits.clone()).await;
            if let Some(status) = process.exited()? {
                return Err(Error::Anvil(format!(
                    "{} ended at once ({status}); is port {port} taken?",
                    binary.display()
                )));
            }
            match answer {
                // Asked again: the one that answered may be another, on the port that ours is about to fail on.
                Ok(_) => {
                    let limits = RpcLimits { attempts: RpcLimits::default().attempts, ..limits };
                    let provider = Provider::connect(&url, Some(config.chain_id), limits).await?;
                    return Ok(Self { process, provider, url });
                }
                Err(error @ Error::WrongChain { .. }) => return Err(error),
                Err(error) if Instant::now() > deadline => {
                    return Err(Error::Anvil(format!("does not answer within {START_TIMEOUT:?}: {error}")));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
            }
        }
    }

    /// Its endpoint.
    #[must_use]
    pub fn rpc_url(&self) -> &str {
        &self.url
    }

    /// A connection to it.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Its process id.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.0.id()
    }

    /// Lets the clock of the next block, and of those after it, be this much later.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn increase_time(&self, seconds: u64) -> Result<(), Error> {
        let _: serde_json::Value = self.provider.request("evm_increaseTime", (seconds,)).await?;
        self.mine(1).await
    }

    /// Sets the next block's time, Unix seconds; it must be later than the newest block's.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn set_next_block_timestamp(&self, timestamp: u64) -> Result<(), Error> {
        let _: serde_json::Value = self.provider.request("evm_setNextBlockTimestamp", (timestamp,)).await?;
        Ok(())
    }

    /// Mines empty blocks.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn mine(&self, blocks: u64) -> Result<(), Error> {
        let _: serde_json::Value = self.provider.request("anvil_mine", (U64::from(blocks),)).await?;
        Ok(())
    }

    /// Turns mining with every transaction on or off.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn set_automine(&self, on: bool) -> Result<(), Error> {
        let _: serde_json::Value = self.provider.request("evm_setAutomine", (on,)).await?;
        Ok(())
    }

    /// Sets an account's coin, wei.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn set_balance(&self, account: Address, balance: Amount) -> Result<(), Error> {
        let balance: U256 = balance.get();
        let _: serde_json::Value = self.provider.request("anvil_setBalance", (account, balance)).await?;
        Ok(())
    }
}

/// The key of a development account, `index` below [`ACCOUNTS`].
///
/// # Errors
///
/// [`Error::Anvil`] if there is no such account.
pub fn dev_key(index: usize) -> Result<SigningKey, Error> {
    let key = KEYS.get(index).ok_or_else(|| Error::Anvil(format!("account {index} of {ACCOUNTS}")))?;
    Ok(SigningKey::from_bytes(&key.0)?)
}

/// Looks for anvil in the `node_modules` of a directory and of those above it.
///
/// # Errors
///
/// [`Error::Anvil`], naming the command that installs it.
pub fn find_anvil(from: &Path) -> Result<PathBuf, Error> {
    let platform = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let architecture = if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" };
    let native = format!("@foundry-rs/anvil-{platform}-{architecture}/bin/anvil{}", std::env::consts::EXE_SUFFIX);
    // The program itself before the npm wrapper, which would outlive a kill's child or the other way round.
    let places = [
        format!("node_modules/@foundry-rs/anvil/node_modules/{native}"),
        format!("node_modules/{native}"),
        "node_modules/.bin/anvil".to_owned(),
    ];
    from.ancestors()
        .flat_map(|directory| places.iter().map(|place| directory.join(place)))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            let message = "not found in node_modules; run `npm ci` in the root of the repository";
            Error::Anvil(format!("{message} (looked from {} up)", from.display()))
        })
}

fn free_port() -> Result<u16, Error> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| Error::Anvil(error.to_string()))?;
    Ok(listener.local_addr().map_err(|error| Error::Anvil(error.to_string()))?.port())
}

/// Runs the program in the shell's place, beside a watcher that ends it when our end of the pipe closes: so it ends even
/// when we are killed.
#[cfg(unix)]
const WATCHED: &str = r#"exec 3<&0; (read -r _ <&3; kill -TERM $$) & exec 3<&-; exec "$0" "$@" </dev/null"#;

/// The child process, in a group of its own: Ctrl-C in the terminal is for us, and we stop it when we are done.
#[derive(Debug)]
struct Process(Child);

impl Process {
    fn spawn(binary: &Path, config: &AnvilConfig, port: u16) -> Result<Self, Error> {
        let mut command = command(binary);
        command.args(["--quiet", "--host", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--chain-id", &config.chain_id.to_string(), "--no-request-size-limit"]);
        if let Some(seconds) = config.block_time {
            command.args(["--block-time", &seconds.to_string()]);
        }
        if let Some(path) = &config.state {
            command.arg("--state").arg(path);
        }
        command.args(&config.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| Error::Anvil(format!("{}: {error}", binary.display())))?;
        Ok(Self(child))
    }

    fn exited(&mut self) -> Result<Option<std::process::ExitStatus>, Error> {
        self.0.try_wait().map_err(|error| Error::Anvil(error.to_string()))
    }

    /// Asks it to end, so that it keeps its state; a wrapper hands that on to the program under it.
    fn terminate(&mut self) {
        #[cfg(unix)]
        {
            let group = format!("-{}", self.0.id());
            let asked = Command::new("kill").args(["-TERM", "--", &group]).stderr(Stdio::null()).status();
            let deadline = Instant::now() + Duration::from_secs(3);
            while asked.as_ref().is_ok_and(std::process::ExitStatus::success) && Instant::now() < deadline {
                if matches!(self.0.try_wait(), Ok(Some(_)) | Err(_)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

#[cfg(unix)]
fn command(binary: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(WATCHED).arg(binary).stdin(Stdio::piped());
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command
}

#[cfg(not(unix))]
fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.stdin(Stdio::null());
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        self.terminate();
        // Already ended, or beyond asking.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
