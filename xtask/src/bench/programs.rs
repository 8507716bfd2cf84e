//! The servers that are measured: how each is built, installed and started.
//!
//! Sources and pinned versions stand in `server/benches/peers/`; what is installed goes to `target/xtask/peers/`.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use bellwire_load::Server;

use super::peers::{Kind, Peer};
use crate::command::{finished, said};
use crate::project;
use crate::terminal::Terminal;

/// What was built and installed.
#[derive(Debug)]
pub(super) struct Programs {
    sources: PathBuf,
    installed: PathBuf,
    target: PathBuf,
    profile: &'static str,
    /// Peers that could not be built or installed, and why.
    missing: BTreeMap<&'static str, String>,
    /// Names and versions of what runs.
    pub(super) versions: Vec<(String, String)>,
}

/// What is told meanwhile, who needs it, and how it is built or installed.
type Step = (&'static str, fn(Kind) -> bool, fn(&Programs, bool) -> Result<()>);

impl Programs {
    /// Builds and installs what the peers need.
    pub(super) fn prepare(peers: &[&Peer], quick: bool, terminal: &Terminal) -> Result<Self> {
        let root = project::root();
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |own| root.join(own));
        let mut programs = Self {
            sources: root.join("server/benches/peers"),
            installed: target.join("xtask/peers"),
            target,
            profile: if quick { "debug" } else { "release" },
            missing: BTreeMap::new(),
            versions: Vec::new(),
        };
        terminal.progress("building bench-server …");
        let mut build = Command::new("cargo");
        build.args(["build", "--package", "bellwire", "--bin", "bench-server"]).current_dir(&root);
        if !quick {
            build.arg("--release");
        }
        finished(&mut build)?;
        let steps: [Step; 3] = [
            (
                "building the Rust peers …",
                |kind| matches!(kind, Kind::Bare { .. } | Kind::Naive),
                Self::build_rust,
            ),
            (
                "installing the JavaScript peers …",
                |kind| matches!(kind, Kind::Bun | Kind::NodeWs),
                Self::install_npm,
            ),
            ("installing the Python peer …", |kind| kind == Kind::FastWs, Self::install_pip),
        ];
        for (what, needs, install) in steps {
            let wanted: Vec<&Peer> = peers.iter().copied().filter(|peer| needs(peer.kind)).collect();
            if wanted.is_empty() {
                continue;
            }
            terminal.progress(what);
            // The others are measured all the same; what is missing stands in the table as failed.
            if let Err(error) = install(&programs, quick) {
                terminal.result(&format!("{error:#}"));
                programs.missing.extend(wanted.iter().map(|peer| (peer.name, format!("{error:#}"))));
            }
        }
        for peer in peers {
            programs.versions.extend(programs.version(peer));
        }
        Ok(programs)
    }

    fn build_rust(&self, quick: bool) -> Result<()> {
        let mut build = Command::new("cargo");
        build.args(["build", "--locked"]).current_dir(&self.sources);
        build.env("CARGO_TARGET_DIR", self.installed.join("rust"));
        if !quick {
            build.arg("--release");
        }
        finished(&mut build)
    }

    fn install_npm(&self, _quick: bool) -> Result<()> {
        let folder = self.copied("node", &["package.json", "bun.js", "node-ws.mjs"])?;
        if folder.join("node_modules").exists() && self.is_same("node", "package.json")? {
            return Ok(());
        }
        let npm = ["install", "--no-audit", "--no-fund", "--ignore-scripts"];
        finished(Command::new("npm").args(npm).current_dir(&folder))?;
        // The package fetches nothing then: it puts the binary of this platform into its place.
        finished(Command::new("node").arg("node_modules/bun/install.js").current_dir(&folder))?;
        self.mark("node", "package.json")
    }

    fn install_pip(&self, _quick: bool) -> Result<()> {
        let folder = self.copied("python", &["requirements.txt", "fastws_server.py"])?;
        if folder.join("venv").exists() && self.is_same("python", "requirements.txt")? {
            return Ok(());
        }
        finished(Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&folder))?;
        let pip = ["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"];
        finished(Command::new("venv/bin/python").args(pip).current_dir(&folder))?;
        self.mark("python", "requirements.txt")
    }

    /// Copies sources to where they are installed: interpreters look for packages beside the script.
    fn copied(&self, folder: &str, files: &[&str]) -> Result<PathBuf> {
        let to = self.installed.join(folder);
        fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
        for file in files {
            fs::copy(self.sources.join(file), to.join(file))
                .with_context(|| format!("cannot copy {file}"))?;
        }
        Ok(to)
    }

    /// Whether what is installed is what the manifest asks for.
    fn is_same(&self, folder: &str, manifest: &str) -> Result<bool> {
        let wanted = fs::read(self.sources.join(manifest))?;
        Ok(fs::read(self.installed.join(folder).join("installed")).is_ok_and(|installed| installed == wanted))
    }

    fn mark(&self, folder: &str, manifest: &str) -> Result<()> {
        fs::copy(self.sources.join(manifest), self.installed.join(folder).join("installed"))?;
        Ok(())
    }

    /// A file that is written and read once.
    pub(super) fn scratch(&self, name: &str) -> Result<PathBuf> {
        fs::create_dir_all(&self.installed)
            .with_context(|| format!("cannot make {}", self.installed.display()))?;
        Ok(self.installed.join(name))
    }

    /// Starts a server on a free port.
    pub(super) fn start(&self, peer: &Peer) -> Result<Server> {
        if let Some(why) = self.missing.get(peer.name) {
            let first = why.lines().next().unwrap_or_default();
            bail!("not installed: {first}");
        }
        let rust = |program: &str| Command::new(self.installed.join("rust").join(self.profile).join(program));
        let mut command = match peer.kind {
            Kind::Ours => {
                let mut command = Command::new(self.target.join(self.profile).join("bench-server"));
                command.args(["--log", "warn"]);
                command
            }
            Kind::Bare { together } => {
                let mut command = rust("bare");
                command.args(["--together", together]);
                command
            }
            Kind::Naive => rust("naive"),
            Kind::Bun => self.script("node", "node_modules/bun/bin/bun.exe", "bun.js"),
            Kind::NodeWs => self.script("node", "node", "node-ws.mjs"),
            Kind::FastWs => self.script("python", "venv/bin/python", "fastws_server.py"),
        };
        command.args(["--port", "0"]).stderr(Stdio::null());
        Server::start(command, "/ws")
    }

    fn script(&self, folder: &str, interpreter: &str, script: &str) -> Command {
        let folder = self.installed.join(folder);
        let own = folder.join(interpreter);
        let mut command = if own.exists() { Command::new(own) } else { Command::new(interpreter) };
        command.arg(folder.join(script));
        command
    }

    fn version(&self, peer: &Peer) -> Option<(String, String)> {
        let package = |folder: &str, name: &str| {
            let manifest = self.installed.join(folder).join("node_modules").join(name).join("package.json");
            let manifest: serde_json::Value =
                serde_json::from_str(&fs::read_to_string(manifest).ok()?).ok()?;
            Some(manifest["version"].as_str()?.to_owned())
        };
        let version = match peer.kind {
            Kind::Ours => env!("CARGO_PKG_VERSION").to_owned(),
            Kind::Bare { .. } | Kind::Naive => return None,
            Kind::Bun => package("node", "bun")?,
            Kind::NodeWs => {
                format!("{} on Node.js {}", package("node", "ws")?, said("node", &["--version"])?)
            }
            Kind::FastWs => pinned(&self.sources.join("requirements.txt"), "fastws")?,
        };
        Some((peer.name.to_owned(), version))
    }
}

/// The version of a package in a list of requirements.
fn pinned(requirements: &Path, package: &str) -> Option<String> {
    let text = fs::read_to_string(requirements).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(package)?.strip_prefix("==")?.to_owned()))
}
