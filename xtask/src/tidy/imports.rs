//! Who may import whom inside a package: the absences of ARCHITECTURE.md, read from `use` and `import`.

use super::Finding;
use crate::project::{SourceFile, Tree};
use crate::scan::{Language, code_only, rust_imports, typescript_imports};

/// Files under `folder` may not name a path that starts with one of `forbidden`.
struct Absence {
    folder: &'static str,
    forbidden: &'static [&'static str],
    why: &'static str,
}

const RUST: &[Absence] = &[
    Absence {
        folder: "codegen/src/model/",
        forbidden: &[
            "crate::source",
            "crate::spec",
            "crate::validate",
            "crate::lower",
            "crate::emit",
            "saphyr",
        ],
        why: "the model knows neither where it came from nor where it goes",
    },
    Absence {
        folder: "codegen/src/emit/",
        forbidden: &["crate::source", "crate::spec", "crate::validate", "crate::lower", "saphyr"],
        why: "emitters print the model and never see the document",
    },
    Absence {
        folder: "codegen/src/spec/",
        forbidden: &["crate::validate", "crate::lower", "crate::emit"],
        why: "the document as written knows nothing of what is made of it",
    },
    Absence {
        folder: "codegen/src/source",
        forbidden: &["crate::spec", "crate::validate", "crate::lower", "crate::emit", "crate::model"],
        why: "sources are a leaf",
    },
    Absence {
        folder: "codegen/src/diagnostics",
        forbidden: &["crate::spec", "crate::validate", "crate::lower", "crate::emit", "crate::model"],
        why: "diagnostics are a leaf",
    },
    Absence {
        folder: "codegen/src/",
        forbidden: &["std::fs", "std::net", "std::env", "std::process"],
        why: "the generator has no IO of its own: files come in through `FileReader`",
    },
    Absence {
        folder: "server/src/protocol/",
        forbidden: &[
            "tokio",
            "axum",
            "crate::hub",
            "crate::connection",
            "crate::http",
            "crate::node",
            "crate::app",
        ],
        why: "the protocol is pure data",
    },
    Absence {
        folder: "server/src/websocket/",
        forbidden: &[
            "tokio",
            "axum",
            "hyper",
            "crate::protocol",
            "crate::hub",
            "crate::connection",
            "crate::node",
        ],
        why: "the WebSocket codec is pure and knows nothing of Bellwire's own protocol",
    },
    Absence {
        folder: "server/src/hub/",
        forbidden: &[
            "axum",
            "tokio_tungstenite",
            "tungstenite",
            "crate::connection",
            "crate::http",
            "crate::app",
        ],
        why: "the hub knows no sockets",
    },
    Absence {
        folder: "server/src/feed/",
        forbidden: &[
            "axum",
            "crate::app",
            "crate::connection",
            "crate::contract",
            "crate::http",
            "crate::hub",
            "crate::node",
            "crate::protocol",
        ],
        why: "an upstream client stands alone: it hands text on and knows nothing of the server",
    },
    Absence {
        folder: "server/src/connection/",
        forbidden: &["crate::http", "crate::app"],
        why: "a connection does not know how it was made",
    },
];

/// The one module of the runtime that generated Rust may name.
const SEAM: &str = "bellwire::contract";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.with_extension("rs") {
        check_rust(file, &mut findings);
    }
    for file in &tree.files {
        if Language::of(file.extension()) == Some(Language::TypeScript) {
            check_typescript(file, &mut findings);
        }
    }
    findings
}

fn check_rust(file: &SourceFile, findings: &mut Vec<Finding>) {
    let absences: Vec<&Absence> =
        RUST.iter().filter(|absence| file.path.starts_with(absence.folder) && !is_test(&file.path)).collect();
    let generated = file.is_generated() && file.path.starts_with("server/src/bin/");
    if !absences.is_empty() || generated {
        for (line, path) in rust_imports(&file.text, &module_of(&file.path)) {
            for absence in absences.iter().filter(|absence| names_one_of(&path, absence.forbidden)) {
                findings.push(Finding::deny(&file.path, line, format!("names `{path}`: {}", absence.why)));
            }
            if generated && names_one_of(&path, &["bellwire"]) && !names_one_of(&path, &[SEAM]) {
                findings.push(Finding::deny(
                    &file.path,
                    line,
                    format!("names `{path}`: generated code leans on `{SEAM}` only"),
                ));
            }
        }
    }
    if file.path.starts_with("server/src/") && !file.path.starts_with("server/src/bin/") {
        let code = code_only(&file.text, Language::Rust);
        for (index, line) in code.lines().enumerate().filter(|(_, line)| line.contains("trading")) {
            let message = format!("the runtime knows no trading word: `{}`", line.trim());
            findings.push(Finding::deny(&file.path, index + 1, message));
        }
    }
}

/// Tests may read goldens and pause clocks.
fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

fn names_one_of(path: &str, prefixes: &[&str]) -> bool {
    prefixes
        .iter()
        .any(|prefix| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")))
}

/// `codegen/src/emit/rust/mod.rs` is `["emit", "rust"]`.
fn module_of(path: &str) -> Vec<&str> {
    let inside = path.split_once("/src/").map_or(path, |(_, inside)| inside);
    let mut parts: Vec<&str> = inside.trim_end_matches(".rs").split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
        parts.pop();
    }
    parts
}

fn check_typescript(file: &SourceFile, findings: &mut Vec<Finding>) {
    let runtime = file.path.starts_with("clients-ts/runtime/src/");
    let binding = file.path.starts_with("clients-ts/runtime/src/react/");
    let generated = file.path.starts_with("clients-ts/generated/");
    for (line, module) in typescript_imports(&file.text) {
        let relative = module.starts_with('.');
        let message = if generated && !relative && module != "bellwire" && !module.starts_with("bellwire/") {
            "generated clients import the package `bellwire` only"
        } else if generated && leaves_client(&file.path, &module) {
            "a generated client imports no file outside its folder"
        } else if runtime && !binding && (!relative || module.contains("/react/")) {
            "the runtime's core imports neither packages nor a binding"
        } else if binding && !relative && module != "react" {
            "the React binding imports React and the core only"
        } else {
            continue;
        };
        findings.push(Finding::deny(&file.path, line, format!("imports `{module}`: {message}")));
    }
}

/// Whether a relative import climbs out of `clients-ts/generated/<name>/`.
fn leaves_client(path: &str, module: &str) -> bool {
    let depth = path.split('/').count() - 4;
    module.split('/').filter(|part| *part == "..").count() > depth
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn forbidden_imports_are_found() {
        let tree = Tree::of(&[
            ("codegen/src/emit/rust/mod.rs", "use super::super::spec::Document;\nuse crate::model::Api;\n"),
            ("codegen/src/source.rs", "fn read() { std::fs::read(\"x\"); }\n"),
            ("server/src/protocol/frame.rs", "use {serde::Serialize, tokio::sync::mpsc};\n"),
            (
                "server/src/bin/trading/generated/api.rs",
                "use bellwire::contract as rt;\nuse bellwire::App;\n",
            ),
            ("server/src/hub/mod.rs", "/// trading is only a word here\nuse crate::protocol::Frame;\n"),
            ("codegen/src/lower/tests/mod.rs", "use std::fs;\n"),
            ("server/src/app.rs", "const NAME: &str = \"x\"; mod trading;\n"),
        ]);
        let expected = [
            "codegen/src/emit/rust/mod.rs:1: names `crate::spec::Document`: emitters print the model and never see the document",
            "codegen/src/source.rs:1: names `std::fs::read`: the generator has no IO of its own: files come in through `FileReader`",
            "server/src/protocol/frame.rs:1: names `tokio::sync::mpsc`: the protocol is pure data",
            "server/src/bin/trading/generated/api.rs:2: names `bellwire::App`: generated code leans on `bellwire::contract` only",
            "server/src/app.rs:1: the runtime knows no trading word: `const NAME: &str = \" \"; mod trading;`",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }

    #[test]
    fn forbidden_typescript_imports_are_found() {
        let tree = Tree::of(&[
            (
                "clients-ts/generated/trading/types/Bar.ts",
                "import { x } from '../index.js';\nimport { y } from '../../chat/index.js';\n",
            ),
            (
                "clients-ts/generated/trading/client.ts",
                "import { createClient } from 'bellwire';\nimport z from 'zod';\nimport { createHttp } from 'bellwire/http';\n",
            ),
            (
                "clients-ts/runtime/src/client.ts",
                "import { WebSocket } from 'ws';\nimport { a } from './a.js';\n",
            ),
            ("clients-ts/runtime/test/client.test.ts", "import { WebSocket } from 'ws';\n"),
        ]);
        let expected = [
            "clients-ts/generated/trading/types/Bar.ts:2: imports `../../chat/index.js`: a generated client imports no file outside its folder",
            "clients-ts/generated/trading/client.ts:2: imports `zod`: generated clients import the package `bellwire` only",
            "clients-ts/runtime/src/client.ts:1: imports `ws`: the runtime's core imports neither packages nor a binding",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
