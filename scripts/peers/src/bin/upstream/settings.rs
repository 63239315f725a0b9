//! How the upstream behaves, as told over HTTP.

use std::time::Duration;

/// The settings; what is not named in a query has its default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    /// From the end of the request to the beginning of the answer.
    pub(crate) latency: Duration,
    /// Share of the calls that is refused with 429, at once; which ones follows from their prompts, and no prompt is
    /// refused more than twice.
    pub(crate) refuse: f64,
    /// The `Retry-After` of a refusal, in seconds.
    pub(crate) retry_after: u32,
    /// Whether an answer tells when its request came and when it left, in nanoseconds since 1970.
    pub(crate) stamp: bool,
}

impl Settings {
    /// Reads `latency_ms=50&refuse=0.05&retry_after=1&stamp=1`.
    ///
    /// # Errors
    /// The setting that cannot be read.
    pub(crate) fn read(query: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for setting in query.split('&').filter(|setting| !setting.is_empty()) {
            settings.set(setting).ok_or_else(|| format!("cannot read {setting}"))?;
        }
        Ok(settings)
    }

    fn set(&mut self, setting: &str) -> Option<()> {
        let (name, value) = setting.split_once('=')?;
        match name {
            "latency_ms" => self.latency = Duration::from_millis(value.parse().ok()?),
            "refuse" => self.refuse = value.parse().ok()?,
            "retry_after" => self.retry_after = value.parse().ok()?,
            "stamp" => self.stamp = value == "1",
            _ => return None,
        }
        Some(())
    }
}
