//! Runs other programs: progress while they work, their output when they fail, all of it in a log.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Write as _, pipe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::excerpt::excerpt;
use crate::project;
use crate::terminal::{Terminal, readable};

/// What every step of a run shares.
pub(super) struct Session {
    pub(super) terminal: Terminal,
    pub(super) root: PathBuf,
    pub(super) fuzz_seconds: u32,
    logs: PathBuf,
    step: RefCell<(&'static str, Instant)>,
}

/// What became of a program.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) success: bool,
    /// Standard output and standard error, as they came.
    pub(super) output: String,
}

impl Session {
    pub(super) fn new(terminal: Terminal, fuzz_seconds: u32) -> Result<Self> {
        let root = project::root();
        let logs = root.join("target/xtask");
        fs::create_dir_all(&logs).with_context(|| format!("cannot create {}", logs.display()))?;
        let step = RefCell::new(("", Instant::now()));
        Ok(Self { terminal, root, fuzz_seconds, logs, step })
    }

    /// Names the step that the following programs belong to.
    pub(super) fn begin(&self, step: &'static str) {
        self.step.replace((step, Instant::now()));
        // An old log would be read as this run's.
        let _ = fs::remove_file(self.log_path());
        self.terminal.progress(&format!("{step:<12} …"));
    }

    /// Runs a program in a folder of the project and says how it ended; its output is printed if it failed.
    pub(super) fn run(&self, folder: &str, program: &str, arguments: &[&str]) -> Result<Finished> {
        self.run_with(folder, program, arguments, &[])
    }

    /// The same with environment variables.
    pub(super) fn run_with(
        &self,
        folder: &str,
        program: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Finished> {
        let (reader, writer) = pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.root.join(folder))
            .env("CARGO_TERM_COLOR", "never")
            .env("NO_COLOR", "1")
            .envs(variables.iter().copied())
            .stdin(std::process::Stdio::null())
            .stderr(writer.try_clone()?)
            .stdout(writer);
        // rustup and cargo set these for programs they start; a cargo of another workspace must not inherit them.
        for inherited in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(inherited);
        }
        let mut child =
            command.spawn().with_context(|| format!("cannot start `{program}`: is it installed?"))?;
        // The command holds the write end of the pipe; reading ends only when it is gone.
        drop(command);
        let output =
            self.follow(BufReader::new(reader), &format!("$ {program} {}\n", arguments.join(" ")))?;
        let success = child.wait()?.success();
        if !success {
            self.show(&output);
        }
        Ok(Finished { success, output })
    }

    /// Like [`Session::run`], an error when the program fails.
    pub(super) fn must(&self, folder: &str, program: &str, arguments: &[&str]) -> Result<String> {
        let finished = self.run(folder, program, arguments)?;
        if !finished.success {
            bail!("`{program} {}` failed; see {}", arguments.join(" "), self.log_name());
        }
        Ok(finished.output)
    }

    /// Whether a program of this name can be started.
    pub(super) fn has(&self, program: &str) -> bool {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
    }

    /// Where a step's programs leave their output, relative to the root.
    pub(super) fn log_name(&self) -> String {
        let log = self.log_path();
        log.strip_prefix(&self.root).unwrap_or(Path::new("")).display().to_string()
    }

    fn log_path(&self) -> PathBuf {
        self.logs.join(format!("{}.log", self.step.borrow().0))
    }

    fn follow(&self, reader: impl std::io::BufRead, title: &str) -> Result<String> {
        let mut log: File = OpenOptions::new().create(true).append(true).open(self.log_path())?;
        log.write_all(title.as_bytes())?;
        let (step, start) = *self.step.borrow();
        let mut output = String::new();
        let mut reader = reader;
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            log.write_all(&line)?;
            let text = String::from_utf8_lossy(&line);
            self.terminal.progress(&format!("{step:<12} {} {}", readable(start.elapsed()), text.trim()));
            output.push_str(&text);
            line.clear();
        }
        Ok(output)
    }

    fn show(&self, output: &str) {
        for line in excerpt(output, &self.log_name()) {
            self.terminal.result(&format!("  {line}"));
        }
    }
}
