//! Reads the suite's verdicts, says which are well enough, and tells them by section.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, anyhow};
use serde::Deserialize;

/// How the suite calls us.
pub(super) const AGENT: &str = "bellwire";

const OK: &str = "OK";
const NON_STRICT: &str = "NON-STRICT";
const INFORMATIONAL: &str = "INFORMATIONAL";

/// Verdicts other than OK that are well: the suite's word, and the beginning of the cases it may be said of.
const ALLOWED: &[(&str, &[u32])] = &[
    // Text that is not UTF-8 may be refused when the message is whole, not when the first wrong byte has come.
    (NON_STRICT, &[6, 4]),
    // These ask what a server does, and hold nothing for right or wrong.
    (INFORMATIONAL, &[7, 1, 6]),
    (INFORMATIONAL, &[7, 13]),
];

/// What the sections are about; the suite has no 8 and 11.
const SECTIONS: &[(u32, &str)] = &[
    (1, "framing"),
    (2, "pings and pongs"),
    (3, "reserved bits"),
    (4, "opcodes"),
    (5, "fragmentation"),
    (6, "UTF-8"),
    (7, "closing"),
    (9, "limits"),
    (10, "miscellaneous"),
    (12, "compression, payloads"),
    (13, "compression, parameters"),
];

/// One case and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    number: Vec<u32>,
    /// The verdict that counts: the one on the messages, or the one on how the connection ended where that is worse.
    pub(super) said: String,
    /// Name of the page that tells about it.
    pub(super) page: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    behavior: String,
    behavior_close: String,
    reportfile: String,
}

impl Case {
    pub(super) fn number(&self) -> String {
        self.number.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
    }

    /// Whether it is as it should be.
    pub(super) fn is_well(&self) -> bool {
        let allowed =
            ALLOWED.iter().any(|(said, cases)| self.said == *said && self.number.starts_with(cases));
        self.said == OK || allowed
    }
}

/// The verdicts in the suite's `index.json`, in order of case.
pub(super) fn read(index: &str) -> Result<Vec<Case>> {
    let mut agents: BTreeMap<String, BTreeMap<String, Entry>> =
        serde_json::from_str(index).context("the suite's index is not as expected")?;
    let entries = agents.remove(AGENT).ok_or_else(|| anyhow!("the suite's index does not name {AGENT}"))?;
    let case = |(number, entry): (String, Entry)| -> Result<Case> {
        let number: Result<Vec<u32>, _> = number.split('.').map(str::parse).collect();
        let number = number.with_context(|| format!("`{}` is no case", entry.reportfile))?;
        let page = entry.reportfile.replace(".json", ".html");
        Ok(Case { number, said: worse(entry.behavior, entry.behavior_close), page })
    };
    let mut cases = entries.into_iter().map(case).collect::<Result<Vec<Case>>>()?;
    cases.sort_by(|a, b| a.number.cmp(&b.number));
    Ok(cases)
}

/// The worse of the verdicts on the messages and on the end; of two failures the first, which led to the other.
fn worse(messages: String, end: String) -> String {
    let badness = |said: &str| [OK, INFORMATIONAL, NON_STRICT].iter().position(|known| *known == said);
    match (badness(&messages), badness(&end)) {
        (None, _) => messages,
        (Some(_), None) => format!("{end} at the end"),
        (Some(one), Some(other)) => {
            if other > one {
                end
            } else {
                messages
            }
        }
    }
}

/// How many cases of each section came out how.
pub(super) fn table(cases: &[Case]) -> String {
    let mut text =
        format!("{:<28} {:>6} {:>10} {:>13} {:>6}", "section", OK, NON_STRICT, INFORMATIONAL, "FAILED");
    let mut row = |name: &str, of: &dyn Fn(&Case) -> bool| {
        let said = |verdict: &str| cases.iter().filter(|case| of(case) && case.said == verdict).count();
        let all = cases.iter().filter(|case| of(case)).count();
        let (ok, non_strict, informational) = (said(OK), said(NON_STRICT), said(INFORMATIONAL));
        let failed = all - ok - non_strict - informational;
        if all > 0 {
            // Writing into a string does not fail.
            let _ = write!(text, "\n{name:<28} {ok:>6} {non_strict:>10} {informational:>13} {failed:>6}");
        }
    };
    for (section, about) in SECTIONS {
        row(&format!("{section:>2} {about}"), &|case| case.number.first() == Some(section));
    }
    row("all", &|_| true);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(cases: &[(&str, &str, &str)]) -> String {
        let entries: serde_json::Map<String, serde_json::Value> = cases
            .iter()
            .map(|(number, behavior, close)| {
                let entry = serde_json::json!({
                    "behavior": behavior, "behaviorClose": close, "duration": 4, "remoteCloseCode": null,
                    "reportfile": format!("bellwire_case_{}.json", number.replace('.', "_")),
                });
                ((*number).to_owned(), entry)
            })
            .collect();
        serde_json::json!({ AGENT: entries }).to_string()
    }

    #[test]
    fn a_case_is_well_where_it_is_ok_or_allowed_to_be_otherwise() {
        let cases = [
            ("1.1.1", "OK", "OK", "OK", true),
            ("6.4.1", "NON-STRICT", "OK", "NON-STRICT", true),
            ("6.4.4", "FAILED", "OK", "FAILED", false),
            ("6.5.1", "NON-STRICT", "OK", "NON-STRICT", false),
            ("7.1.6", "INFORMATIONAL", "INFORMATIONAL", "INFORMATIONAL", true),
            ("7.13.2", "INFORMATIONAL", "INFORMATIONAL", "INFORMATIONAL", true),
            ("7.1.5", "INFORMATIONAL", "OK", "INFORMATIONAL", false),
            ("7.3.6", "OK", "FAILED BY CLIENT", "FAILED BY CLIENT at the end", false),
            ("9.3.1", "FAILED", "WRONG CODE", "FAILED", false),
            ("13.7.1", "UNIMPLEMENTED", "OK", "UNIMPLEMENTED", false),
            // A word of a later suite is no success.
            ("10.1.1", "FINE", "OK", "FINE", false),
        ];
        for (number, behavior, close, said, well) in cases {
            let read = read(&index(&[(number, behavior, close)])).expect("an index");
            assert_eq!((read[0].number().as_str(), read[0].said.as_str()), (number, said));
            assert_eq!(read[0].is_well(), well, "{number}");
        }
    }

    #[test]
    fn cases_come_in_order_of_number_with_the_page_about_them() {
        let cases = read(&index(&[("10.1.1", OK, OK), ("2.10", OK, OK), ("2.9", OK, OK)])).expect("an index");
        let numbers: Vec<String> = cases.iter().map(Case::number).collect();
        assert_eq!(numbers, ["2.9", "2.10", "10.1.1"]);
        assert_eq!(cases[1].page, "bellwire_case_2_10.html");
    }

    #[test]
    fn what_is_no_index_is_refused() {
        for text in ["", "[]", "{}", r#"{"other":{}}"#, r#"{"bellwire":{"1.1":{}}}"#] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&index(&[("one", OK, OK)])).is_err());
    }

    #[test]
    fn the_table_counts_by_section() {
        let cases = [
            ("6.4.1", NON_STRICT, OK),
            ("6.1.1", OK, OK),
            ("7.13.1", INFORMATIONAL, INFORMATIONAL),
            ("13.1.1", "UNIMPLEMENTED", OK),
            ("13.1.2", OK, "UNCLEAN"),
        ];
        let expected = "\
section                          OK NON-STRICT INFORMATIONAL FAILED
 6 UTF-8                          1          1             0      0
 7 closing                        0          0             1      0
13 compression, parameters        0          0             0      2
all                               1          1             1      2";
        assert_eq!(table(&read(&index(&cases)).expect("an index")), expected);
    }
}
