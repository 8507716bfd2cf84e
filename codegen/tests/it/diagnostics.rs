//! Each rule has a folder of its name with a document that breaks it, beside what its author is shown.
//!
//! A rule may have several: `<rule-id>.<variant>`.

use std::fs;
use std::path::Path;

use bellwire_codegen::diagnostics::RenderStyle;
use bellwire_codegen::{LoadOptions, Loaded, load};

use crate::files::{Below, golden, tests};

#[test]
fn every_mistake_is_shown_as_written_beside_it() {
    let mut folders: Vec<_> =
        fs::read_dir(tests().join("diagnostics")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    for folder in folders {
        let reader = Below(folder.clone());
        let report = match load(Path::new("document.yaml"), &reader, &LoadOptions::default()) {
            Ok(Loaded { report, .. }) | Err(report) => report,
        };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let rule = name.split('.').next().unwrap();
        let shown = report.diagnostics().iter().any(|diagnostic| diagnostic.rule.id == rule);
        assert!(shown, "{name} does not break its rule:\n{report}");
        golden(&folder.join("expected.txt"), &report.render(RenderStyle::Plain));
    }
}
