//! An app as its users meet it: built by cargo, started as a process, found by the address it prints.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use std::{env, thread};

use crate::{PATIENCE, TempPath};

/// The folder of the workspace.
#[must_use]
pub fn project_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_path_buf()
}

/// A running app; killed when dropped.
#[derive(Debug)]
pub struct Spawned {
    child: Child,
    output: Arc<Mutex<Vec<String>>>,
    socket: String,
    /// What it takes for the temporary folder of the machine.
    _temporary: TempPath,
}

impl Spawned {
    /// Starts an app on a free port and waits until it has printed its socket.
    ///
    /// # Panics
    /// When it does not build, or ends before it listens.
    #[must_use]
    pub fn start(app: &str, arguments: &[&str]) -> Self {
        Self::start_with(app, arguments, &[])
    }

    /// The same with environment variables.
    ///
    /// # Panics
    /// As [`Spawned::start`].
    #[must_use]
    pub fn start_with(app: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::launch(Self::command(app), arguments, variables)
    }

    /// Starts a program that is built already.
    ///
    /// # Panics
    /// As [`Spawned::start`].
    #[must_use]
    pub fn program(path: &Path, arguments: &[&str]) -> Self {
        Self::launch(clean(path), arguments, &[])
    }

    fn launch(mut command: Command, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        if !arguments.iter().any(|argument| argument.starts_with("--port")) {
            command.args(["--port", "0"]);
        }
        let temporary = TempPath::folder("app");
        command.env("TMPDIR", &*temporary);
        command.args(arguments).envs(variables.iter().copied());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a built app starts");
        let output = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().expect("a pipe"), Arc::clone(&output));
        collect(child.stderr.take().expect("a pipe"), Arc::clone(&output));
        let mut spawned = Self { child, output, socket: String::new(), _temporary: temporary };
        spawned.socket = spawned.wait_for_line("its socket", socket_in);
        spawned
    }

    /// The app's program, not yet started: for `--help` and wrong arguments. Settings of this environment do not reach it.
    ///
    /// # Panics
    /// When it does not build.
    #[must_use]
    pub fn command(app: &str) -> Command {
        clean(&binary(app))
    }

    /// Address of the socket: `ws://127.0.0.1:40123/api/v1/ws`, or without a path where the app prints none.
    #[must_use]
    pub fn socket(&self) -> &str {
        &self.socket
    }

    /// An HTTP address of the same server: `url("/health")`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let authority = self.socket.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        format!("http://{authority}{path}")
    }

    /// Everything printed so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().unwrap().join("\n")
    }

    /// Waits for a line that `find` accepts.
    ///
    /// # Panics
    /// When the app ends, or prints no such line within the patience of a test.
    pub fn wait_for_line<T>(&mut self, what: &str, find: impl Fn(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = self.output.lock().unwrap().iter().find_map(|line| find(line)) {
                return found;
            }
            let ended = self.child.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "ended ({ended:?}) before it printed {what}:\n{}", self.output());
            assert!(start.elapsed() < PATIENCE, "no sign of {what} in:\n{}", self.output());
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Sends a signal by name: `TERM`, `INT`.
    ///
    /// # Panics
    /// When the process is gone already.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status().expect("`kill` is everywhere");
        assert!(status.success(), "cannot signal the app");
    }

    /// Waits for the app to end by itself.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "does not end:\n{}", self.output());
            thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Fails where the app has ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The socket that a line names. A program that only other programs start may print its address and no more.
fn socket_in(line: &str) -> Option<String> {
    if let Some(address) = line.strip_prefix("listening on ").filter(|rest| !rest.contains("://")) {
        return Some(format!("ws://{address}"));
    }
    let start = line.find("ws://")?;
    Some(line[start..].split_whitespace().next()?.to_owned())
}

/// A command that settings of this environment do not reach.
fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(project_root()).env("NO_COLOR", "1").stdin(Stdio::null());
    let prefixes = ["BELLWIRE_", "AUTH_", "JWT_", "BAR_BROADCASTER_", "TRADING_"];
    let is_setting =
        |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix)) || name == "RUST_LOG";
    for (name, _) in env::vars().filter(|(name, _)| is_setting(name)) {
        command.env_remove(name);
    }
    command
}

fn collect(stream: impl std::io::Read + Send + 'static, output: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            output.lock().unwrap().push(line);
        }
    });
}

/// The built program of an app; cargo is asked once per app and test process.
fn binary(app: &str) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let mut built = BUILT.get_or_init(Mutex::default).lock().unwrap();
    if let Some(path) = built.get(app) {
        return path.clone();
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--package", "bellwire", "--bin", app, "--message-format", "json-render-diagnostics"])
        .current_dir(project_root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "`{app}` does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let path = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == app)
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .expect("cargo names the program it built");
    built.insert(app.to_owned(), path.clone());
    path
}
