//! Finds a Python 2.7 on this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command::said;

/// Prints nothing but the version, whichever Python runs it.
const VERSION: &str = "import sys; sys.stdout.write('%d.%d.%d' % sys.version_info[:3])";

/// Where to look.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// The one the user names; no other is tried then.
    named: Option<PathBuf>,
    /// The folders of the PATH.
    path: Vec<PathBuf>,
    /// The folder of pyenv's versions, and the names of those in it.
    pyenv: PathBuf,
    versions: Vec<String>,
}

impl Places {
    /// The places of this machine.
    pub(super) fn here() -> Self {
        let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv"));
        let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home).unwrap_or_default();
        let pyenv = pyenv.join("versions");
        let entries = fs::read_dir(&pyenv).into_iter().flatten().flatten();
        Self {
            named: env::var_os("PYTHON2").filter(|name| !name.is_empty()).map(PathBuf::from),
            path: env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect(),
            versions: entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect(),
            pyenv,
        }
    }

    /// What may be a Python 2.7, the likeliest first. A file need not exist, and may be a shim of another Python.
    fn candidates(&self) -> Vec<PathBuf> {
        if let Some(named) = &self.named {
            return vec![named.clone()];
        }
        let on_path = ["python2.7", "python2"];
        let on_path = on_path.iter().flat_map(|name| self.path.iter().map(move |folder| folder.join(name)));
        let mut versions: Vec<&String> = self.versions.iter().filter(|name| is_wanted(name)).collect();
        versions.sort();
        let of_pyenv = versions.iter().rev().map(|name| self.pyenv.join(name).join("bin/python2.7"));
        on_path.chain(of_pyenv).collect()
    }
}

/// The first that runs and is a Python 2.7.
pub(super) fn find(places: &Places) -> Option<PathBuf> {
    first(places.candidates(), |python| said(&python.to_string_lossy(), &["-c", VERSION]))
}

fn first(candidates: Vec<PathBuf>, version: impl Fn(&Path) -> Option<String>) -> Option<PathBuf> {
    candidates.into_iter().find(|python| version(python).is_some_and(|version| is_wanted(&version)))
}

fn is_wanted(version: &str) -> bool {
    version == "2.7" || version.starts_with("2.7.")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What runs where, in these tests.
    const MACHINE: &[(&str, &str)] = &[
        ("/usr/bin/python2", "2.6.9"),
        ("/opt/bin/python2", "2.7.3"),
        ("/own/python", "2.7.18"),
        ("/own/python3", "3.13.0"),
        ("/pyenv/versions/2.7.9/bin/python2.7", "2.7.9"),
    ];

    /// What is named, the PATH, the versions of pyenv, and what is found.
    type Row<'a> = (Option<&'a str>, &'a [&'a str], &'a [&'a str], Option<&'a str>);

    fn found(named: Option<&str>, path: &[&str], versions: &[&str]) -> Option<String> {
        let places = Places {
            named: named.map(PathBuf::from),
            path: path.iter().map(PathBuf::from).collect(),
            pyenv: PathBuf::from("/pyenv/versions"),
            versions: versions.iter().map(|name| (*name).to_owned()).collect(),
        };
        let version = |python: &Path| {
            let known = MACHINE.iter().find(|(path, _)| Path::new(path) == python)?;
            Some(known.1.to_owned())
        };
        first(places.candidates(), version).map(|python| python.display().to_string())
    }

    #[test]
    fn the_named_one_then_the_path_then_pyenv() {
        let (pyenv, all) = (["3.13.0", "2.7.9", "2.7.18", "2.71"], ["/usr/bin", "/opt/bin"]);
        let nine = "/pyenv/versions/2.7.9/bin/python2.7";
        let cases: &[Row<'_>] = &[
            (Some("/own/python"), &all, &pyenv, Some("/own/python")),
            (Some("/own/python3"), &all, &pyenv, None),
            (Some("/nowhere"), &all, &pyenv, None),
            (None, &all, &pyenv, Some("/opt/bin/python2")),
            // 2.7.18 stands there but does not run.
            (None, &["/usr/bin"], &pyenv, Some(nine)),
            (None, &[], &["2.7.9"], Some(nine)),
            (None, &["/usr/bin"], &["3.13.0"], None),
            (None, &[], &[], None),
        ];
        for (named, path, versions, expected) in cases {
            assert_eq!(
                found(*named, path, versions).as_deref(),
                *expected,
                "{named:?} {path:?} {versions:?}"
            );
        }
    }
}
