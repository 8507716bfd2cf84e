//! Which declaration goes into which file.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use super::endpoint::{self, Place};
use super::exports::Exports;
use super::scope::RuntimeType;
use super::types::{Body, Item, TypeWriter};
use super::{Project, compact};
use crate::emit::{OutputFile, is_device, short};
use crate::model::TypeId;

/// Lines of declarations that a file of types may hold; imports and header come on top.
const DECLARATION_LINES: usize = 440;

/// Imports that stand on lines of their own; more are imported from the list of all types.
const MAX_IMPORTS: usize = 40;

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
pub(super) fn clients(project: &Project<'_>) -> Vec<OutputFile> {
    let api = project.api;
    let mut files = Vec::new();
    let mut exports = Exports::of(project);
    let mut stems = Stems::default();
    stems.take("types");
    let mut lines = Vec::new();
    for endpoint in &api.endpoints {
        let place = if api.endpoints.len() == 1 {
            Place { name: exports.client(&api.name.typescript), folder: String::new(), root: "./" }
        } else {
            let name = &endpoint.name.typescript;
            Place { name: exports.client(name), folder: format!("{}/", stems.take(name)), root: "../" }
        };
        for (name, file) in endpoint::files(project, endpoint, &place, &mut exports) {
            if let Some(name) = name {
                let kind = if name == "messages" { "type " } else { "" };
                lines.push(format!("export {kind}* from './{}{name}.js';", place.folder));
            }
            files.push(file);
        }
    }
    lines.push("export * from './types/index.js';".to_owned());
    files.push(print("index.ts".to_owned(), &IndexFile { header: &project.header, exports: lines }));
    files
}

/// `types/<Root>.ts` for every root type, and `types/index.ts`.
pub(super) fn types(project: &Project<'_>) -> Vec<OutputFile> {
    let api = project.api;
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
            let mut writer = TypeWriter::new(project);
            let items = writer.items(id);
            let budget = DECLARATION_LINES / items.len().max(1);
            let items: Vec<_> = items.into_iter().map(|item| compact::item(item, budget)).collect();
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
    drafts.retain(|(_, draft)| !draft.items.is_empty());
    let mut files: Vec<_> = drafts.iter().map(|(stem, draft)| file(project, &homes, stem, draft)).collect();
    let modules = drafts.into_iter().map(|(stem, draft)| {
        let only_types = draft.items.iter().all(|item| !matches!(item.body, Body::Values(_)));
        Module { stem, only_types }
    });
    files.extend(list("types/", "index", &project.header, &modules.collect::<Vec<_>>()));
    files
}

/// `<name>.ts` in a folder with declarations over the types; several files and a list of them where it takes more. The
/// items of a group name each other and stay in one file: pages import nothing of each other.
pub(super) fn declarations(
    project: &Project<'_>,
    folder: &str,
    name: &str,
    imports: &[String],
    groups: Vec<Vec<Item>>,
) -> Vec<OutputFile> {
    let mut pages: Vec<Vec<Item>> = vec![Vec::new()];
    let mut lines = 0;
    for group in groups {
        let budget = DECLARATION_LINES / group.len().max(3);
        let group: Vec<_> = group.into_iter().map(|item| compact::item(item, budget)).collect();
        let own: usize = group.iter().map(Item::line_count).sum();
        lines += own;
        if lines > DECLARATION_LINES {
            pages.push(Vec::new());
            lines = own;
        }
        if let Some(page) = pages.last_mut() {
            page.extend(group);
        }
    }
    let several = pages.len() > 1;
    let mut files = Vec::new();
    let mut modules = Vec::new();
    for (number, items) in pages.iter().enumerate() {
        let stem = if several { format!("{name}{}", number + 1) } else { name.to_owned() };
        let uses = |name: &str| {
            items.iter().any(|item| match &item.body {
                Body::Alias(text) => text.contains(name),
                Body::Interface(members) => members.iter().any(|member| member.text.contains(name)),
                Body::Values(_) => false,
            })
        };
        let imports = imports.iter().filter(|import| !import.contains("types/index.js") || uses("types."));
        let file = TypesFile { header: &project.header, imports: imports.cloned().collect(), items };
        files.push(print(format!("{folder}{stem}.ts"), &file));
        modules.push(Module {
            stem,
            only_types: items.iter().all(|item| !matches!(item.body, Body::Values(_))),
        });
    }
    if several {
        files.extend(list(folder, name, &project.header, &modules));
    }
    files
}

fn file(project: &Project<'_>, homes: &BTreeMap<TypeId, String>, stem: &str, draft: &Draft) -> OutputFile {
    let mut imports = Vec::new();
    if !draft.runtime.is_empty() {
        let names: Vec<_> = draft.runtime.iter().map(|&runtime| project.scope.specifier(runtime)).collect();
        imports.push(import(&names, "bellwire"));
    }
    let mut by_home: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (id, name) in &draft.mentions {
        match homes.get(id) {
            Some(home) if home != stem => by_home.entry(home).or_default().push(name.clone()),
            _ => {}
        }
    }
    if by_home.len() > MAX_IMPORTS {
        let names: Vec<_> = by_home.into_values().flatten().map(|name| format!("{name},")).collect();
        let names = compact::filled(&names, 2, MAX_IMPORTS);
        imports.push(format!("{}import type {{\n  {names}\n}} from './index.js';", compact::IGNORE));
    } else {
        imports.extend(by_home.iter().map(|(home, names)| import(names, &format!("./{home}.js"))));
    }
    print(format!("types/{stem}.ts"), &TypesFile { header: &project.header, imports, items: &draft.items })
}

/// The list of a folder's modules; a very long one hands on to further lists.
fn list(folder: &str, name: &str, header: &str, modules: &[Module]) -> Vec<OutputFile> {
    let mut pages: Vec<_> = modules.chunks(DECLARATION_LINES).map(<[Module]>::to_vec).collect();
    if pages.is_empty() {
        pages.push(Vec::new());
    }
    let further =
        (2..=pages.len()).map(|number| Module { stem: format!("{name}{number}"), only_types: false });
    let further: Vec<_> = further.collect();
    pages[0].extend(further);
    let print_page = |(number, page): (usize, &Vec<Module>)| {
        let name = if number == 0 { name.to_owned() } else { format!("{name}{}", number + 1) };
        print(format!("{folder}{name}.ts"), &ListFile { header, modules: page })
    };
    pages.iter().enumerate().map(print_page).collect()
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
    /// A name of its own for a type's file; `index` and its pages are taken, and devices.
    fn take(&mut self, name: &str) -> String {
        let mut stem = short(name).to_owned();
        while is_index(&stem) || is_device(&stem) || !self.taken.insert(stem.to_lowercase()) {
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
