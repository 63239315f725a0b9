//! Numbers of a run in Prometheus text format, for a textfile collector.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A metric: its name, what it counts, and whether it only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Name; counters end in `_total`.
    pub name: &'static str,
    /// What it says, one sentence.
    pub help: &'static str,
    /// `counter` or `gauge`.
    pub kind: &'static str,
}

impl Metric {
    /// A number that only grows.
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: "counter" }
    }

    /// A number that may fall.
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, help, kind: "gauge" }
    }
}

type Labels = Vec<(&'static str, String)>;

/// The numbers of a run; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<Metric, BTreeMap<Labels, f64>>>>);

impl Metrics {
    /// Adds to a number.
    pub fn add(&self, metric: Metric, labels: &[(&'static str, &str)], amount: f64) {
        self.with(metric, labels, |value| *value += amount);
    }

    /// Sets a number.
    pub fn set(&self, metric: Metric, labels: &[(&'static str, &str)], value: f64) {
        self.with(metric, labels, |old| *old = value);
    }

    fn with(&self, metric: Metric, labels: &[(&'static str, &str)], change: impl FnOnce(&mut f64)) {
        let labels = labels.iter().map(|&(key, value)| (key, value.to_owned())).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(metric).or_default().entry(labels).or_default());
    }

    /// The numbers in Prometheus text format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for (metric, values) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let Metric { name, help, kind } = metric;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (labels, value) in values {
                let labels: Vec<_> =
                    labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escape(value))).collect();
                let labels =
                    if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
        text
    }

    /// Writes the numbers to `path` so that a reader sees the old file or the new one, never a piece.
    ///
    /// # Errors
    /// When the file cannot be written beside its final place and moved there.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let draft = path.with_file_name(name);
        // A draft of a run that died may have been left under the same process id.
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(&draft)?;
        let written = file.write_all(self.render().as_bytes()).and_then(|()| std::fs::rename(&draft, path));
        if written.is_err() {
            // The draft is of no use to anybody; the first cause is the one to report.
            let _ = std::fs::remove_file(&draft);
        }
        written
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{Metric, Metrics};

    const CALLS: Metric = Metric::counter("ultra_calls_total", "Calls made.");

    #[test]
    fn the_text_is_what_a_collector_reads() {
        let metrics = Metrics::default();
        metrics.add(CALLS, &[("target", "exec:say \"a\\b\"")], 2.0);
        metrics.add(CALLS, &[("target", "a")], 1.0);
        metrics.add(CALLS, &[("target", "a")], 1.0);
        let text = "# HELP ultra_calls_total Calls made.\n# TYPE ultra_calls_total counter\n\
                    ultra_calls_total{target=\"a\"} 2\nultra_calls_total{target=\"exec:say \\\"a\\\\b\\\"\"} 2\n";
        assert_eq!(metrics.render(), text);
    }

    #[test]
    fn the_file_is_replaced_whole_and_no_draft_stays() {
        let dir = std::env::temp_dir().join(format!("ultra-metrics-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("makes a directory");
        let path = dir.join("run.prom");
        std::fs::write(&path, "old").expect("writes");
        let metrics = Metrics::default();
        metrics.add(CALLS, &[], 1.0);
        metrics.write(&path).expect("writes");
        assert!(std::fs::read_to_string(&path).expect("reads").ends_with("ultra_calls_total 1\n"));
        assert_eq!(std::fs::read_dir(&dir).expect("lists").count(), 1);
        std::fs::remove_dir_all(&dir).expect("removes");
    }
}
