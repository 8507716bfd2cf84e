//! The picture of a run: one row per scenario, one dot per server, on a logarithmic scale; light and dark by itself.

use std::fmt::Write as _;

use super::data::{Data, short};
use super::peers::OURS;

const WIDTH: f64 = 960.0;
/// Where the scale begins and ends.
const SCALE: (f64, f64) = (300.0, 850.0);
const TOP: f64 = 128.0;
const ROW: f64 = 36.0;
/// Between two groups of rows, the group's title included.
const GAP: f64 = 34.0;

/// Titles of groups, and what the scenarios in them are called here.
const GROUPS: &[(&str, &[(&str, &str)])] = &[
    (
        "One topic, paced",
        &[
            ("topic-100-paced", "100 subscribers"),
            ("topic-1000-paced", "1 000 subscribers"),
            ("topic-5000-paced", "5 000 subscribers"),
            ("large-paced", "1 000 subscribers, 2 KB"),
            ("flush", "200, joined for 1 ms by Bellwire"),
        ],
    ),
    (
        "One topic, saturated",
        &[
            ("topic-100-saturated", "100 subscribers"),
            ("topic-1000-saturated", "1 000 subscribers"),
            ("topic-5000-saturated", "5 000 subscribers"),
            ("large-saturated", "1 000 subscribers, 2 KB"),
        ],
    ),
    (
        "A thousand topics",
        &[
            ("topics-1000-paced", "1 000 subscribers, paced"),
            ("topics-5000-paced", "5 000 subscribers, paced"),
            ("topics-1000-saturated", "1 000 subscribers, saturated"),
            ("topics-5000-saturated", "5 000 subscribers, saturated"),
        ],
    ),
    ("Beside fan-out", &[("requests", "a request and its reply"), ("storm", "connect, subscribe, close")]),
];

const STYLE: &str = "\
:root{color-scheme:light dark}
svg{--page:#fff;--ink:#16202e;--soft:#5d6b7e;--line:#e4e8ee;--span:#cfd6e0;--ours:#0b6bcb;--good:#0f7b46;--bad:#b4431f;\
--bare:#8a94a3;--bare16:#b3bac5;--bun:#d98a00;--ws:#3f8f5f;--fastws:#8b5cb8;--naive:#c2527a}
@media(prefers-color-scheme:dark){svg{--page:#10151d;--ink:#eef2f7;--soft:#98a5b8;--line:#212a37;--span:#323d4e;--ours:#58b0ff;\
--good:#54cf92;--bad:#ff9468;--bare:#8d98a8;--bare16:#5f6a7a;--bun:#f0b03f;--ws:#6cc592;--fastws:#bb97e6;--naive:#ef86ab}}
text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif;fill:var(--ink)}
.title{font-size:21px;font-weight:650}.soft{fill:var(--soft)}.small{font-size:11.5px}
.group{font-size:12px;font-weight:650;letter-spacing:.02em}.value{font-weight:650;fill:var(--ours)}
.end{text-anchor:end}.middle{text-anchor:middle}.num{font-variant-numeric:tabular-nums}
.good{fill:var(--good)}.bad{fill:var(--bad)}
";

/// The picture, as SVG.
pub(super) fn picture(data: &Data) -> String {
    let (peers, groups) = (data.peers(), groups(data));
    let rows: usize = groups.iter().map(|(_, rows)| rows.len()).sum();
    let bottom = TOP + groups.len() as f64 * GAP + rows as f64 * ROW;
    let scale = Scale::around(data, &groups);
    let mut svg = head(bottom + 54.0, data);
    legend(&mut svg, &peers);
    scale.draw(&mut svg, bottom);
    let mut y = TOP;
    for (title, rows) in &groups {
        let _ = writeln!(svg, r#"<text class="group" x="32" y="{:.0}">{title}</text>"#, y + 22.0);
        y += GAP;
        for (scenario, label) in rows {
            row(&mut svg, data, &peers, &scale, (scenario, label), y + ROW / 2.0);
            y += ROW;
        }
    }
    let _ = writeln!(
        svg,
        r#"<text class="soft small" x="32" y="{:.0}">{}</text></svg>"#,
        bottom + 38.0,
        escape(&foot(data))
    );
    svg
}

type Groups = Vec<(&'static str, Vec<(&'static str, &'static str)>)>;

/// Groups with the rows that were measured.
fn groups(data: &Data) -> Groups {
    let measured = |scenario: &str| data.median(scenario, OURS, "cpu_us").is_some();
    GROUPS
        .iter()
        .map(|(title, rows)| (*title, rows.iter().copied().filter(|(name, _)| measured(name)).collect()))
        .filter(|(_, rows): &(_, Vec<_>)| !rows.is_empty())
        .collect()
}

fn head(height: f64, data: &Data) -> String {
    let title = match data.quick {
        true => "Made by --quick: no figure here means anything",
        false => "What a delivered message costs",
    };
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0}" width="{WIDTH}" height="{height:.0}" role="img" aria-label="CPU of the server for each delivered frame">
<style>{STYLE}</style>
<rect width="100%" height="100%" rx="12" fill="var(--page)"/>
<text class="title" x="32" y="46">{title}</text>
<text class="soft" x="32" y="69">Microseconds of the server’s CPU, user and system, per delivered frame. Further left is cheaper; the scale is logarithmic.</text>
"#
    )
}

fn legend(svg: &mut String, peers: &[&str]) {
    let mut x = 36.0;
    for peer in peers {
        let name = shown(peer);
        let weight = if *peer == OURS { "value" } else { "soft" };
        dot(svg, peer, x, 97.0);
        let _ = writeln!(svg, r#"<text class="{weight}" x="{:.0}" y="101.5">{name}</text>"#, x + 12.0);
        x += 44.0 + width(name);
    }
    let _ = writeln!(svg, r#"<text class="soft small end" x="928" y="101.5">× Bun</text>"#);
}

/// About how wide a name of the legend is.
fn width(text: &str) -> f64 {
    let of = |letter: char| match letter {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | ' ' | ',' | '(' | ')' | '1' => 4.6,
        'm' | 'w' | 'A'..='Z' => 9.2,
        _ => 7.6,
    };
    text.chars().map(of).sum()
}

fn row(
    svg: &mut String,
    data: &Data,
    peers: &[&str],
    scale: &Scale,
    (scenario, label): (&str, &str),
    y: f64,
) {
    let found: Vec<(&str, f64)> = peers
        .iter()
        .filter_map(|peer| Some((*peer, data.median(scenario, peer, "cpu_us")?.value)))
        .filter(|(_, value)| *value > 0.0)
        .collect();
    let _ = writeln!(svg, r#"<text class="soft" x="32" y="{:.1}">{label}</text>"#, y + 4.5);
    let (least, most) = found.iter().fold((f64::MAX, 0.0_f64), |(a, b), (_, v)| (a.min(*v), b.max(*v)));
    let _ = writeln!(
        svg,
        r#"<line x1="{:.1}" x2="{:.1}" y1="{y:.1}" y2="{y:.1}" stroke="var(--span)" stroke-width="2"/>"#,
        scale.x(least),
        scale.x(most)
    );
    for ((peer, value), lower) in &placed(&found, scale) {
        let _ = write!(svg, "<g><title>{}: {} µs</title>", shown(peer), short(*value));
        dot(svg, peer, scale.x(*value), y + lower);
        svg.push_str("</g>\n");
    }
    let of = |peer: &str| found.iter().find(|(name, _)| *name == peer).map(|(_, value)| *value);
    let Some(ours) = of(OURS) else { return };
    let taken: Vec<f64> = found.iter().map(|(_, value)| scale.x(*value)).collect();
    let _ = writeln!(
        svg,
        r#"<text class="value small num end" x="{:.1}" y="{:.1}">{}</text>"#,
        left_of(scale.x(ours), &taken) - 11.0,
        y + 4.5,
        short(ours)
    );
    if let Some(bun) = of("bun") {
        let ratio = ours / bun;
        // As it is printed: 1.00 is no more than 1.
        let class = if ratio < 1.005 { "good" } else { "bad" };
        let _ =
            writeln!(svg, r#"<text class="num end {class}" x="928" y="{:.1}">{ratio:.2}</text>"#, y + 4.5);
    }
}

/// Left of a dot and of those that stand so close to it that a value beside it would lie on them.
fn left_of(dot: f64, taken: &[f64]) -> f64 {
    const VALUE: f64 = 46.0;
    let mut others: Vec<f64> = taken.iter().copied().filter(|x| *x < dot).collect();
    others.sort_by(|a, b| b.total_cmp(a));
    others.into_iter().fold(dot, |left, x| if left - x < VALUE { x } else { left })
}

/// The dots of a row in the order of drawing, ours last so that it lies on top; one that would hide behind another goes
/// below the line, or above it.
fn placed<'a>(found: &[(&'a str, f64)], scale: &Scale) -> Vec<((&'a str, f64), f64)> {
    const LEVELS: [f64; 3] = [0.0, 9.0, -9.0];
    const APART: f64 = 8.0;
    let mut order = found.to_vec();
    order.sort_by(|a, b| (b.0 == OURS).cmp(&(a.0 == OURS)).then(a.1.total_cmp(&b.1)));
    let mut placed: Vec<((&str, f64), f64)> = Vec::new();
    for one in order {
        let is_free = |level: f64| {
            let mut others = placed.iter().filter(|(_, other)| (*other - level).abs() < 1.0);
            others.all(|((_, value), _)| (scale.x(*value) - scale.x(one.1)).abs() >= APART)
        };
        let level = LEVELS.into_iter().find(|level| is_free(*level)).unwrap_or(0.0);
        placed.push((one, level));
    }
    placed.reverse();
    placed
}

fn dot(svg: &mut String, peer: &str, x: f64, y: f64) {
    let colour = if peer == OURS { "ours" } else { peer };
    let radius = if peer == OURS { 6.5 } else { 4.5 };
    let _ = write!(
        svg,
        r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="var(--{colour})" stroke="var(--page)" stroke-width="1.5"/>"#
    );
}

/// A logarithmic scale over whole powers of ten, or their halves.
struct Scale {
    least: f64,
    most: f64,
}

impl Scale {
    fn around(data: &Data, groups: &Groups) -> Self {
        let scenarios = groups.iter().flat_map(|(_, rows)| rows.iter().map(|(name, _)| *name));
        let (mut least, mut most) = (f64::MAX, f64::MIN_POSITIVE);
        for scenario in scenarios {
            for peer in data.peers() {
                let value = data.median(scenario, peer, "cpu_us").map(|median| median.value);
                if let Some(value) = value.filter(|value| *value > 0.0) {
                    (least, most) = (least.min(value), most.max(value));
                }
            }
        }
        if least > most {
            (least, most) = (0.1, 10.0);
        }
        Self { least: (least / 1.6).log10(), most: (most * 1.2).log10() }
    }

    fn x(&self, value: f64) -> f64 {
        let share = (value.log10() - self.least) / (self.most - self.least);
        SCALE.0 + share * (SCALE.1 - SCALE.0)
    }

    fn draw(&self, svg: &mut String, bottom: f64) {
        for tick in [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0] {
            let x = self.x(tick);
            if !(SCALE.0..=SCALE.1).contains(&x) {
                continue;
            }
            let _ = writeln!(
                svg,
                r#"<line x1="{x:.1}" x2="{x:.1}" y1="{TOP}" y2="{bottom:.0}" stroke="var(--line)"/><text class="soft small middle num" x="{x:.1}" y="{:.0}">{tick}</text>"#,
                bottom + 16.0
            );
        }
    }
}

fn shown(peer: &str) -> &str {
    match peer {
        "bellwire" => "Bellwire",
        "bare" => "bare loop",
        "bare16" => "bare loop, 16 per write",
        "bun" => "Bun (uWS)",
        "ws" => "ws on Node",
        "fastws" => "FastWS",
        "naive" => "axum by hand",
        other => other,
    }
}

fn foot(data: &Data) -> String {
    let fact = |name: &str| data.facts.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let rounds = data.runs.iter().map(|run| run.round).max().unwrap_or(0);
    format!(
        "{}; {} cores, {}, {}; loopback.",
        if rounds == 1 { "One round".to_owned() } else { format!("Medians of {rounds} interleaved rounds") },
        fact("Cores").unwrap_or("?"),
        fact("CPU").unwrap_or("?"),
        fact("Kernel").unwrap_or("?"),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::super::scenarios;
    use super::*;
    use bellwire_load::Figures;

    #[test]
    fn every_row_of_the_picture_is_a_scenario() {
        let known = scenarios::chosen(&[], false).expect("all");
        for (name, _) in GROUPS.iter().flat_map(|(_, rows)| rows.iter()) {
            assert!(known.iter().any(|scenario| scenario.name == *name), "{name}");
        }
    }

    #[test]
    fn the_picture_shows_what_was_measured_and_nothing_else() {
        let mut data = Data::new(vec![("CPU".to_owned(), "A <fast> one".to_owned())], false);
        let run = |peer: &str, cpu| Run::new("requests", peer, 1, Ok(Figures::from([("cpu_us", cpu)])));
        data.runs = vec![run(OURS, 1.0), run("bun", 2.0)];
        let svg = picture(&data);
        for expected in ["<title>Bun (uWS): 2.00 µs</title>", ">0.50</text>", "A &lt;fast&gt; one"] {
            assert!(svg.contains(expected), "{expected}\nis missing from\n{svg}");
        }
        assert!(!svg.contains("One topic") && !svg.contains("NaN"));
    }

    #[test]
    fn dots_do_not_hide_each_other() {
        let scale = Scale { least: 0.0, most: 2.0 };
        let found = [("bare", 9.9), ("bun", 10.1), (OURS, 10.0), ("ws", 50.0)];
        let placed = placed(&found, &scale);
        let names: Vec<(&str, f64)> = placed.iter().map(|((peer, _), level)| (*peer, *level)).collect();
        assert_eq!(names, [("ws", 0.0), ("bun", -9.0), ("bare", 9.0), (OURS, 0.0)]);
    }

    #[test]
    fn a_value_lies_on_no_dot() {
        for (taken, expected) in [
            (&[400.0, 500.0][..], 400.0),
            (&[392.0, 400.0], 392.0),
            (&[310.0, 352.0, 392.0, 400.0, 500.0], 310.0),
            (&[300.0, 392.0, 400.0], 392.0),
        ] {
            assert_eq!(left_of(400.0, taken), expected, "{taken:?}");
        }
    }

    #[test]
    fn an_empty_run_is_an_empty_picture() {
        assert!(!picture(&Data::new(Vec::new(), true)).contains("NaN"));
    }
}
