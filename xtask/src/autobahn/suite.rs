//! The suite itself: installed once, started, followed while it works.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write as _, pipe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use super::verdict::AGENT;
use crate::command::finished;
use crate::terminal::{Terminal, readable};

/// The last virtualenv that runs on Python 2.7; that Python brings none of its own.
const VIRTUALENV: &str = "virtualenv==20.15.1";
const SUITE: &str = "autobahntestsuite==25.10.1";

/// Lines of the log that are told when the suite fails.
const SHOWN_LINES: usize = 20;

/// An installed suite.
#[derive(Debug)]
pub(super) struct Suite {
    folder: PathBuf,
}

impl Suite {
    /// Installs it below `folder`, unless it is there already.
    pub(super) fn install(python: &Path, folder: &Path, terminal: &Terminal) -> Result<Self> {
        let suite = Self { folder: folder.to_owned() };
        let mark = folder.join("installed");
        let wanted = format!("{}\n{VIRTUALENV}\n{SUITE}\n", python.display());
        if fs::read_to_string(&mark).is_ok_and(|installed| installed == wanted) {
            return Ok(suite);
        }
        let (tools, environment) = (folder.join("tools"), folder.join("env"));
        for old in [&tools, &environment] {
            remove(old)?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        terminal.progress("installing virtualenv …");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        finished(Command::new(python).args(pip).arg("--target").arg(&tools).arg(VIRTUALENV))?;
        finished(
            Command::new(python)
                .args(["-m", "virtualenv", "--quiet", "--no-download", "--app-data"])
                .args([&folder.join("seeds"), &environment])
                .env("PYTHONPATH", &tools),
        )?;
        terminal.progress("installing the Autobahn suite …");
        finished(Command::new(environment.join("bin/python")).args(pip).arg(SUITE))?;
        fs::write(&mark, wanted).with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(suite)
    }

    /// Runs cases against a server and says how many there were; their verdicts are in the index then.
    pub(super) fn run(&self, cases: &[String], server: &str, terminal: &Terminal) -> Result<usize> {
        // Verdicts of an earlier run would be read as this one's.
        remove(&self.report())?;
        let order = self.folder.join("fuzzingclient.json");
        fs::write(&order, self.order(cases, server).to_string())
            .with_context(|| format!("cannot write {}", order.display()))?;
        let (reader, writer) = pipe()?;
        let mut command = Command::new(self.folder.join("env/bin/wstest"));
        command
            .args(["--mode", "fuzzingclient", "--spec"])
            .arg(&order)
            .current_dir(&self.folder)
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stderr(writer.try_clone()?)
            .stdout(writer);
        let mut child = command.spawn().context("cannot start wstest")?;
        // The command holds the write end of the pipe; reading ends only when it is gone.
        drop(command);
        let followed = self.follow(BufReader::new(reader), terminal)?;
        let success = child.wait()?.success();
        match followed.announced {
            Some(0) => bail!("no case matches `{}`", cases.join(",")),
            Some(announced) if success => Ok(announced),
            _ => bail!("wstest failed, see {}:\n{}", self.log().display(), followed.last.join("\n")),
        }
    }

    /// The text of the index of verdicts.
    pub(super) fn index(&self) -> Result<String> {
        let path = self.report().join("index.json");
        fs::read_to_string(&path).with_context(|| format!("the suite left no {}", path.display()))
    }

    /// The folder of the pages about the cases.
    pub(super) fn report(&self) -> PathBuf {
        self.folder.join("report")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("wstest.log")
    }

    fn order(&self, cases: &[String], server: &str) -> serde_json::Value {
        serde_json::json!({
            "outdir": self.report(),
            "servers": [{ "agent": AGENT, "url": server }],
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        })
    }

    fn follow(&self, reader: impl BufRead, terminal: &Terminal) -> Result<Followed> {
        let mut log = File::create(self.log()).context("cannot write the log")?;
        let (start, mut followed) = (Instant::now(), Followed::default());
        for line in reader.lines() {
            let line = line?;
            writeln!(log, "{line}")?;
            if let Some(case) = followed.take(line) {
                let (done, all) = (followed.started - 1, followed.announced.unwrap_or(0));
                let took = readable(start.elapsed());
                terminal.progress(&format!("{done} of {all} cases done, {took}, now {case}"));
            }
        }
        Ok(followed)
    }
}

/// What the suite has printed so far.
#[derive(Debug, Default)]
struct Followed {
    /// How many cases it said it would run.
    announced: Option<usize>,
    /// How many it has begun.
    started: usize,
    last: Vec<String>,
}

impl Followed {
    /// Takes a line; gives the case that begins with it.
    fn take(&mut self, line: String) -> Option<String> {
        let word_after = |start: &str| line.strip_prefix(start)?.split(' ').next().map(str::to_owned);
        if let Some(count) = word_after("Ok, will run ") {
            self.announced = count.parse().ok();
        }
        let case = word_after("Running test case ID ");
        self.started += usize::from(case.is_some());
        if self.last.len() == SHOWN_LINES {
            self.last.remove(0);
        }
        self.last.push(line);
        case
    }
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_lines_say_how_far_it_is() {
        let printed = "\
Using explicit spec file 'fuzzingclient.json'
Ok, will run 301 test cases against 1 servers
Running test case ID 1.1.1 for agent bellwire from peer tcp4:127.0.0.1:9001
Running test case ID 12.1.10 for agent bellwire from peer tcp4:127.0.0.1:9001";
        let mut followed = Followed::default();
        let begun: Vec<String> = printed.lines().filter_map(|line| followed.take(line.to_owned())).collect();
        assert_eq!(begun, ["1.1.1", "12.1.10"]);
        assert_eq!((followed.announced, followed.started), (Some(301), 2));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut followed = Followed::default();
        for line in 0..100 {
            followed.take(line.to_string());
        }
        assert_eq!(followed.last.len(), SHOWN_LINES);
        assert_eq!(followed.last.last().map(String::as_str), Some("99"));
    }

    #[test]
    fn the_order_names_cases_and_server() {
        let suite = Suite { folder: PathBuf::from("/target") };
        let order = suite.order(&["1.*".to_owned(), "12.*".to_owned()], "ws://127.0.0.1:9001/");
        assert_eq!(order["cases"], serde_json::json!(["1.*", "12.*"]));
        assert_eq!(order["servers"][0]["url"], "ws://127.0.0.1:9001/");
        assert_eq!(order["outdir"], "/target/report");
    }
}
