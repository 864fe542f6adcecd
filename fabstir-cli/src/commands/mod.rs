//! The commands, one group a module.

pub(crate) mod chat;
pub(crate) mod deploy;
pub(crate) mod dev;
pub(crate) mod host;
pub(crate) mod hosts;
pub(crate) mod keys;
pub(crate) mod session;

use crate::{
    app::App,
    cli::{Cli, Command},
    error::{CliError, Result},
    interrupt::Interrupts,
    output::Output,
    settings::{CommonArgs, Layer, Settings},
};
use std::io::IsTerminal;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::filter_fn, fmt, layer::SubscriberExt, registry, util::SubscriberInitExt,
};

/// Runs a command. Those that have something to end cleanly look at Ctrl-C themselves; the others just stop.
///
/// # Errors
///
/// Whatever the command fails with.
pub(crate) async fn run(cli: Cli) -> Result {
    let Cli { common, command } = cli;
    let mut interrupts = Interrupts::listen()?;
    let app = |layers: &[&dyn Layer]| app(&common, layers, "warn");
    match command {
        Command::Host(host::HostCommand::Run(args)) => {
            let app = self::app(&common, &[&args.offer, &args.serve], "warn,fabstir_host=info")?;
            host::run::run(app, interrupts).await
        }
        Command::Chat(args) => chat::run(app(&[&args.open])?, args, interrupts).await,
        Command::Dev(dev::DevCommand::Chain(args)) => dev::chain(app(&[])?, args, interrupts).await,
        Command::Dev(dev::DevCommand::Fund(args)) => interrupts.or(dev::fund(app(&[])?, args)).await,
        Command::Host(command) => interrupts.or(host::run_command(&app, command)).await,
        Command::Hosts(args) => interrupts.or(hosts::run(app(&[])?, args)).await,
        Command::Session(command) => interrupts.or(session::run(&app, command)).await,
        Command::Keys(command) => interrupts.or(keys::run(app(&[])?, command)).await,
        Command::Deploy(args) => interrupts.or(deploy::run(app(&[])?, args)).await,
    }
}

/// Makes a command's surroundings out of its own flags.
pub(crate) type MakeApp<'a> = dyn Fn(&[&dyn Layer]) -> Result<App> + 'a;

fn app(common: &CommonArgs, layers: &[&dyn Layer], log: &str) -> Result<App> {
    let settings = Settings::load(common, layers)?;
    let out = Output::new(common.json);
    start_log(settings.log.as_deref().unwrap_or(log), out)?;
    Ok(App { settings, out })
}

fn start_log(level: &str, out: Output) -> Result {
    let filter = EnvFilter::try_new(level).map_err(|error| CliError::config(format!("--log {level:?}: {error}")))?;
    let log = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    let log = if out.is_json() { log.json().boxed() } else { log.boxed() };
    let started = registry().with(filter).with(filter_fn(is_fit_to_log)).with(log).try_init();
    started.map_err(|error| CliError::new(fabstir_core::Code::Internal, format!("log: {error}")))
}

/// The WebSocket library's traces hold whole frames: conversations, and what blinds them. They are not logged, whatever
/// level was asked for.
fn is_fit_to_log(metadata: &Metadata<'_>) -> bool {
    !metadata.target().starts_with("tungstenite") || *metadata.level() <= Level::DEBUG
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("whole").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whole_frames_are_not_logged_at_any_level() {
        let buffer = Buffer::default();
        let shared = buffer.clone();
        let log = fmt::layer().with_writer(move || shared.clone());
        let subscriber =
            registry().with(EnvFilter::new("trace,tungstenite=trace")).with(filter_fn(is_fit_to_log)).with(log);
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "tungstenite::protocol", "received frame");
            tracing::debug!(target: "tungstenite::protocol", "received close");
            tracing::trace!(target: "fabstir_client", "ours");
        });
        let text = String::from_utf8(buffer.0.lock().expect("whole").clone()).expect("UTF-8");
        assert!(!text.contains("received frame"), "{text}");
        assert!(text.contains("received close") && text.contains("ours"), "{text}");
    }
}
