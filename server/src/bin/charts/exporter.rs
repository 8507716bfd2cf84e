//! Pictures on disk: one export at a time, in the background, and none for a while after one has failed.
//!
//! Exports never hold anybody up: a request that comes while one runs is noted and done after it, in the order of asking, the
//! same chart once.
//! A failure is logged once and followed by a cool-down, so that a full disk does not fill the log as well.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::render::{Chart, Painter, Theme};

/// The pictures of one chart: by theme and scale.
pub(crate) const VARIANTS: [(Theme, u32); 4] =
    [(Theme::Light, 1), (Theme::Light, 2), (Theme::Dark, 1), (Theme::Dark, 2)];

/// What the exporter asks for when it begins a chart.
pub(crate) type Source<K> = Arc<dyn Fn(K) -> Chart + Send + Sync>;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It is done now, or right after the one that runs.
    Queued,
    /// It is left out: the last one failed a short while ago.
    CoolingDown,
}

/// Exports charts named by `K`.
pub(crate) struct Exporter<K> {
    folder: PathBuf,
    painter: Painter,
    name: fn(K) -> &'static str,
    source: Source<K>,
    cool_down: Duration,
    state: Mutex<State<K>>,
}

struct State<K> {
    /// Each chart once: a chart that changes all the time keeps no other from its turn.
    waiting: VecDeque<K>,
    running: bool,
    not_before: Option<Instant>,
    exported: u64,
    failed: u64,
}

impl<K: Copy + Eq + Send + 'static> Exporter<K> {
    /// Writes to `folder`, which is made when first needed, files that begin with what `name` says; after a failure
    /// nothing is tried for `cool_down`.
    pub(crate) fn new(
        folder: PathBuf,
        cool_down: Duration,
        name: fn(K) -> &'static str,
        source: Source<K>,
    ) -> Arc<Self> {
        let state =
            State { waiting: VecDeque::new(), running: false, not_before: None, exported: 0, failed: 0 };
        Arc::new(Self {
            folder,
            painter: Painter::default(),
            name,
            source,
            cool_down,
            state: Mutex::new(state),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for the pictures of a chart. Returns at once.
    pub(crate) fn request(self: &Arc<Self>, chart: K) -> Accepted {
        let mut state = self.state();
        if state.not_before.is_some_and(|due| Instant::now() < due) {
            return Accepted::CoolingDown;
        }
        if !state.waiting.contains(&chart) {
            state.waiting.push_back(chart);
        }
        if !std::mem::replace(&mut state.running, true) {
            tokio::spawn(self.clone().work());
        }
        Accepted::Queued
    }

    /// Where a picture of a chart is, or will be.
    pub(crate) fn path(&self, chart: K, theme: Theme, scale: u32) -> PathBuf {
        self.folder.join(file_name((self.name)(chart), theme, scale))
    }

    /// Exports done and failed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let state = self.state();
        (state.exported, state.failed)
    }

    async fn work(self: Arc<Self>) {
        while let Some(chart) = self.next() {
            let exporter = self.clone();
            let export = move || exporter.export(chart);
            let result = tokio::task::spawn_blocking(export).await.unwrap_or_else(|error| Err(error.into()));
            let mut state = self.state();
            match result {
                Ok(()) => state.exported += 1,
                Err(error) => {
                    state.failed += 1;
                    state.not_before = Some(Instant::now() + self.cool_down);
                    let (chart, pause) = ((self.name)(chart), self.cool_down);
                    tracing::warn!(chart, %error, ?pause, "cannot export the chart; pausing exports");
                }
            }
        }
    }

    /// The next chart; none ends the work, under the same lock.
    fn next(&self) -> Option<K> {
        let mut state = self.state();
        if state.not_before.is_some_and(|due| Instant::now() < due) {
            state.waiting.clear();
        }
        let next = state.waiting.pop_front();
        state.running = next.is_some();
        next
    }

    fn export(&self, key: K) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let chart = (self.source)(key);
        for (theme, scale) in VARIANTS {
            let picture = self.painter.png(&chart, theme, scale)?;
            write_atomically(&self.path(key, theme, scale), &picture)?;
        }
        Ok(())
    }
}

/// `5M.png`, `5M@2x.png`, `5M-dark.png`, `5M-dark@2x.png`.
fn file_name(chart: &str, theme: Theme, scale: u32) -> String {
    let theme = if theme == Theme::Dark { "-dark" } else { "" };
    let scale = if scale == 1 { String::new() } else { format!("@{scale}x") };
    format!("{chart}{theme}{scale}.png")
}

/// Readers see the old picture or the new one, never a part: the new one is written beside it and renamed.
fn write_atomically(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("png.partial");
    let written = write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // A part of a picture helps nobody, least of all on a full disk; where it cannot be removed it will be written over.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl<K> std::fmt::Debug for Exporter<K> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Exporter").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty(key: u32) -> Chart {
        Chart { symbol: "X".to_owned(), caption: key.to_string(), bars: Vec::new(), zones: Vec::new() }
    }

    async fn settled(exporter: &Exporter<u32>, exported: u64, failed: u64) {
        while exporter.counts() != (exported, failed) {
            tokio::task::yield_now().await;
        }
    }

    fn name(key: u32) -> &'static str {
        if key == 1 { "one" } else { "two" }
    }

    fn folder(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("bellwire-charts-{}-{name}", std::process::id()))
    }

    #[tokio::test]
    async fn writes_all_variants_and_the_same_request_once() {
        let folder = folder("variants");
        let exporter = Exporter::new(folder.clone(), Duration::ZERO, name, Arc::new(empty));
        for chart in [1, 2, 2, 2] {
            assert_eq!(exporter.request(chart), Accepted::Queued);
        }
        settled(&exporter, 2, 0).await;
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let of = |chart: u32| VARIANTS.map(|(theme, scale)| file_name(name(chart), theme, scale)).to_vec();
        let mut want = [of(1), of(2)].concat();
        want.sort();
        assert_eq!(names, want);
        let picture = std::fs::read(exporter.path(1, Theme::Dark, 2)).unwrap();
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn charts_take_turns_in_the_order_of_asking() {
        let folder = folder("turns");
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = order.clone();
        let source = move |key| {
            seen.lock().unwrap().push(key);
            empty(key)
        };
        let exporter = Exporter::new(folder.clone(), Duration::ZERO, name, Arc::new(source));
        for chart in [2, 1, 2] {
            exporter.request(chart);
        }
        settled(&exporter, 2, 0).await;
        assert_eq!(*order.lock().unwrap(), [2, 1]);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_failure_is_followed_by_a_pause() {
        // A file stands where the folder should be.
        let place = folder("failure");
        std::fs::write(&place, "").unwrap();
        let exporter = Exporter::new(place.clone(), Duration::from_secs(600), name, Arc::new(empty));
        assert_eq!(exporter.request(1), Accepted::Queued);
        settled(&exporter, 0, 1).await;
        assert_eq!(exporter.request(1), Accepted::CoolingDown);
        assert_eq!(exporter.counts(), (0, 1));
        std::fs::remove_file(place).unwrap();
    }
}
