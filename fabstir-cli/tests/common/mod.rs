//! Runs the built binary as a user would, away from that user's own settings.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

/// No command may take longer: a test that hangs is a test that fails.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";

/// The model in the repository.
pub(crate) fn tiny_model() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny/fabstir-tiny.gguf")
}

/// A home of its own.
pub(crate) struct Home {
    directory: tempfile::TempDir,
    rpc: Option<String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("directory"), rpc: None }
    }

    /// Commands from now on use this endpoint, and the deployment file of its chain.
    pub(crate) fn on(chain: &DevChain) -> Self {
        let home = Self { rpc: Some(chain.rpc()), ..Self::new() };
        let deployments = home.path("data/deployments");
        std::fs::create_dir_all(&deployments).expect("directory");
        std::fs::copy(chain.deployment_file(), deployments.join("31337.json")).expect("deployment file");
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// A file with the passphrase of every key in these tests.
    pub(crate) fn passphrase(&self) -> PathBuf {
        self.write("passphrase", &format!("{PASSPHRASE}\n"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fabstir"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FABSTIR_") || name.to_string_lossy().starts_with("XDG_") {
                command.env_remove(name);
            }
        }
        command.env("HOME", self.directory.path()).env("FABSTIR_DATA_DIR", self.path("data"));
        if let Some(rpc) = &self.rpc {
            command.env("FABSTIR_RPC", rpc);
        }
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut child = self.command(arguments).spawn().expect("the binary starts");
        // Both pipes are emptied meanwhile: a child that fills one would wait for ever.
        let (mut stdout, mut stderr) = (child.stdout.take().expect("stdout"), child.stderr.take().expect("stderr"));
        let stdout = thread::spawn(move || read_all(&mut stdout));
        let stderr = thread::spawn(move || read_all(&mut stderr));
        let status = wait(&mut child, &arguments.join(" "));
        Output { status, stdout: stdout.join().expect("stdout"), stderr: stderr.join().expect("stderr") }
    }

    /// Runs a command that has to succeed and returns its JSON; of several lines the last.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        self.events(arguments).pop().unwrap_or_else(|| panic!("{arguments:?} printed nothing"))
    }

    /// Runs a command that has to succeed and returns its lines of JSON.
    pub(crate) fn events(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.run(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?}: {error}")))
            .collect()
    }

    /// Runs a command that has to fail with this code, as a script and as a person would; returns the message.
    pub(crate) fn fails(&self, code: &str, arguments: &[&str]) -> String {
        let output = self.run(&[&["--json"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        let line = stderr
            .lines()
            .rev()
            .find(|line| line.starts_with("{\"error\""))
            .unwrap_or_else(|| panic!("{arguments:?} should have failed with {code}: {} {stderr}", output.status));
        let error: Value = serde_json::from_str::<Value>(line).expect("JSON")["error"].take();
        assert_eq!(error["code"], code, "{arguments:?}: {error}");
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
        assert!(error["retryable"].is_boolean(), "{error}");
        let expected = if code == "usage" { 2 } else { 1 };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {error}");
        format!("{} {}", error["message"].as_str().unwrap_or_default(), error["hint"].as_str().unwrap_or_default())
    }

    /// Starts a command that goes on and logs everything it can to a file.
    pub(crate) fn start_logging(&self, arguments: &[&str], log: &Path) -> Running {
        let mut command = self.command(&[&["--json", "--log", "trace"], arguments].concat());
        let log = std::fs::File::create(log).expect("a log file");
        Running::new(command.stdin(Stdio::piped()).stderr(log), arguments)
    }

    /// Starts a command that goes on.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(&[&["--json"], arguments].concat());
        Running::new(command.stdin(Stdio::piped()).stderr(Stdio::inherit()), arguments)
    }
}

fn read_all(pipe: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).expect("readable");
    bytes
}

fn wait(child: &mut Child, what: &str) -> std::process::ExitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("waited") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{what} does not end");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// A command that goes on until it is stopped.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    stdin: Option<ChildStdin>,
    what: String,
    ended: Arc<AtomicBool>,
}

impl Running {
    fn new(command: &mut Command, arguments: &[&str]) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let stdin = child.stdin.take();
        let ended = Arc::new(AtomicBool::new(false));
        let (id, watched) = (child.id(), Arc::clone(&ended));
        thread::spawn(move || {
            thread::sleep(PATIENCE);
            // What is read from it ends then, and the test fails.
            if !watched.load(Ordering::SeqCst) {
                send_signal(id, "-KILL");
            }
        });
        Self { child, lines, stdin, what: arguments.join(" "), ended }
    }

    /// Its next line of JSON with this event.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        loop {
            let line = self.lines.next().unwrap_or_else(|| panic!("{} ended before {name}", self.what)).expect("line");
            let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"));
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("written");
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        send_signal(self.child.id(), "-INT");
    }

    /// Ends it without a chance to tidy up, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
        self.ended.store(true, Ordering::SeqCst);
    }

    /// Waits for its end, which has to be a success.
    pub(crate) fn finish(mut self) {
        let status = wait(&mut self.child, &self.what);
        self.ended.store(true, Ordering::SeqCst);
        assert!(status.success(), "{}: {status}", self.what);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.swap(true, Ordering::SeqCst) {
            return;
        }
        // As Ctrl-C would: what it started has to end as well.
        self.interrupt();
        let deadline = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send_signal(process: u32, signal: &str) {
    let _ = Command::new("kill").args([signal, &process.to_string()]).stderr(Stdio::null()).status();
}

/// A local chain with the contracts on it.
pub(crate) struct DevChain {
    _running: Running,
    started: Value,
    _home: Home,
}

impl DevChain {
    pub(crate) fn start() -> Self {
        let home = Home::new();
        let mut running = home.start(&["dev", "chain", "--port", "0"]);
        let started = running.event("started");
        Self { _running: running, started, _home: home }
    }

    pub(crate) fn rpc(&self) -> String {
        self.started["rpc"].as_str().expect("RPC").to_owned()
    }

    pub(crate) fn deployment_file(&self) -> PathBuf {
        self.started["deployment_file"].as_str().expect("path").into()
    }

    /// One of its contracts.
    pub(crate) fn address(&self, name: &str) -> alloy_primitives::Address {
        self.started[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no address of {name}"))
    }

    /// What it said when it started.
    pub(crate) fn started(&self) -> &Value {
        &self.started
    }

    /// Lets its clock be this much later.
    pub(crate) fn pass_time(&self, seconds: u64) {
        self.request(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"evm_increaseTime","params":[{seconds}]}}"#));
        self.request(r#"{"jsonrpc":"2.0","id":1,"method":"evm_mine","params":[]}"#);
    }

    fn request(&self, body: &str) {
        let rpc = self.rpc();
        let mut stream = TcpStream::connect(rpc.trim_start_matches("http://")).expect("the chain listens");
        let head = format!(
            "POST / HTTP/1.1\r\nhost: chain\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
            body.len()
        );
        write!(stream, "{head}connection: close\r\n\r\n{body}").expect("sent");
        let answer = String::from_utf8(read_all(&mut stream)).expect("UTF-8");
        assert!(answer.contains("\"result\""), "{answer}");
    }

    /// The address of a well-known key.
    pub(crate) fn account(&self, key: usize) -> String {
        self.started["accounts"][key]["address"].as_str().expect("address").to_owned()
    }
}

/// A port nobody listens on at the moment.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("address").port()
}
