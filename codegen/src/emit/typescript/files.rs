//! Which declaration goes into which file.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::endpoint::{self, Place};
use super::scope::{RuntimeType, Scope};
use super::types::{Body, Item, TypeWriter};
use super::usage::Usage;
use crate::emit::OutputFile;
use crate::model::{Api, TypeId};

/// Lines of declarations that a file of types may hold; imports and header come on top.
const DECLARATION_LINES: usize = 440;

/// One file of declarations.
#[derive(Template)]
#[template(path = "typescript/types.ts", escape = "none")]
pub(super) struct TypesFile<'a> {
    /// The first line.
    pub(super) header: &'a str,
    /// Whole statements.
    pub(super) imports: Vec<String>,
    /// What it declares.
    pub(super) items: &'a [Item],
}

/// The list of all files of types.
#[derive(Template)]
#[template(path = "typescript/list.ts", escape = "none")]
struct ListFile<'a> {
    header: &'a str,
    modules: &'a [Module],
}

/// An entry of the list.
#[derive(Debug, Clone)]
struct Module {
    stem: String,
    /// It exports nothing that exists at run time.
    only_types: bool,
}

/// The entry point.
#[derive(Template)]
#[template(path = "typescript/index.ts", escape = "none")]
struct IndexFile<'a> {
    header: &'a str,
    exports: Vec<String>,
}

/// Declarations that share a file, with what they mention.
#[derive(Default)]
struct Draft {
    items: Vec<Item>,
    lines: usize,
    mentions: BTreeSet<(TypeId, String)>,
    runtime: BTreeSet<RuntimeType>,
}

/// The files of every endpoint, and `index.ts`.
pub(super) fn clients(api: &Api, usage: &Usage<'_>, scope: &Scope<'_>, header: &str) -> Vec<OutputFile> {
    let mut files = Vec::new();
    let mut exports = Vec::new();
    let mut stems = Stems::default();
    stems.take("types");
    for endpoint in &api.endpoints {
        let place = if api.endpoints.len() == 1 {
            Place { name: &api.name.typescript, folder: String::new(), root: "./" }
        } else {
            let name = &endpoint.name.typescript;
            Place { name, folder: format!("{}/", stems.take(name)), root: "../" }
        };
        let own = endpoint::files(api, usage, scope, endpoint, &place, header);
        exports.push(format!("export * from './{}client.js';", place.folder));
        if own.iter().any(|file| file.path.ends_with("errors.ts")) {
            exports.push(format!("export * from './{}errors.js';", place.folder));
        }
        files.extend(own);
    }
    exports.push("export * from './types/index.js';".to_owned());
    files.push(print("index.ts".to_owned(), &IndexFile { header, exports }));
    files
}

/// `types/<Root>.ts` for every root type, and `types/index.ts`.
pub(super) fn types(api: &Api, usage: &Usage<'_>, scope: &Scope<'_>, header: &str) -> Vec<OutputFile> {
    let mut stems = Stems::default();
    let mut drafts: Vec<(String, Draft)> = Vec::new();
    let mut homes: BTreeMap<TypeId, String> = BTreeMap::new();
    for root in (0..api.types.len()).map(TypeId).filter(|&id| api.type_def(id).root == id) {
        let name = &api.type_def(root).name.typescript;
        let members = (0..api.types.len()).map(TypeId).filter(|&id| api.type_def(id).root == root);
        let own = std::iter::once(root).chain(members.filter(|&id| id != root));
        let mut draft = Draft::default();
        let mut stem = stems.take(name);
        for id in own {
            let mut writer = TypeWriter::new(api, usage, scope);
            let items = writer.items(id);
            let lines: usize = items.iter().map(Item::line_count).sum();
            if draft.lines > 0 && draft.lines + lines > DECLARATION_LINES {
                drafts.push((stem, std::mem::take(&mut draft)));
                stem = stems.take(name);
            }
            homes.insert(id, stem.clone());
            draft.lines += lines;
            draft.items.extend(items);
            draft.mentions.extend(writer.mentions);
            draft.runtime.extend(writer.runtime);
        }
        drafts.push((stem, draft));
    }
    let mut files: Vec<_> =
        drafts.iter().map(|(stem, draft)| file(scope, &homes, header, stem, draft)).collect();
    let modules = drafts.into_iter().filter(|(_, draft)| !draft.items.is_empty()).map(|(stem, draft)| {
        let only_types = draft.items.iter().all(|item| !matches!(item.body, Body::Values(_)));
        Module { stem, only_types }
    });
    files.extend(list(header, &modules.collect::<Vec<_>>()));
    files
}

fn file(
    scope: &Scope<'_>,
    homes: &BTreeMap<TypeId, String>,
    header: &str,
    stem: &str,
    draft: &Draft,
) -> OutputFile {
    let mut imports = Vec::new();
    if !draft.runtime.is_empty() {
        let names: Vec<_> = draft.runtime.iter().map(|&runtime| scope.specifier(runtime)).collect();
        imports.push(import(&names, "bellwire"));
    }
    let mut by_home: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, name) in &draft.mentions {
        match homes.get(id) {
            Some(home) if home != stem => by_home.entry(home).or_default().push(name.clone()),
            _ => {}
        }
    }
    imports.extend(by_home.iter().map(|(home, names)| import(names, &format!("./{home}.js"))));
    print(format!("types/{stem}.ts"), &TypesFile { header, imports, items: &draft.items })
}

/// `types/index.ts`; a very long one hands on to further lists.
fn list(header: &str, modules: &[Module]) -> Vec<OutputFile> {
    let pages: Vec<_> = modules.chunks(DECLARATION_LINES).collect();
    let mut files = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let mut modules = page.to_vec();
        if number == 0 {
            let further = (2..=pages.len()).map(|number| format!("index{number}"));
            modules.extend(further.map(|stem| Module { stem, only_types: false }));
        }
        let name = if number == 0 { "index".to_owned() } else { format!("index{}", number + 1) };
        files.push(print(format!("types/{name}.ts"), &ListFile { header, modules: &modules }));
    }
    files
}

/// A type-only import, laid out.
pub(super) fn import(names: &[String], module: &str) -> String {
    let line = format!("import type {{ {} }} from '{module}';", names.join(", "));
    // `prettier` never breaks a single specifier.
    if names.len() == 1 || line.chars().count() <= super::literal::WIDTH {
        return line;
    }
    format!("import type {{\n  {},\n}} from '{module}';", names.join(",\n  "))
}

/// A template's text as a file.
pub(super) fn print(path: String, template: &impl Template) -> OutputFile {
    #[expect(clippy::expect_used, reason = "a template that only loops over strings cannot fail to render")]
    let text = template.render().expect("templates render");
    OutputFile::new(path, format!("{}\n", text.trim_end()))
}

/// File names without extension, distinct on file systems that ignore case.
#[derive(Default)]
struct Stems {
    taken: BTreeSet<String>,
}

impl Stems {
    /// A name of its own for a type's file; `index` and its pages are taken.
    fn take(&mut self, name: &str) -> String {
        let mut stem = name.to_owned();
        while is_index(&stem) || !self.taken.insert(stem.to_lowercase()) {
            stem.push('_');
        }
        stem
    }
}

fn is_index(stem: &str) -> bool {
    stem.to_lowercase()
        .strip_prefix("index")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
}
