//! Signals: which of them end a run, and what a death by signal must not leave behind.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

/// Lets no core be written: it would hold keys and documents.
pub(super) fn leave_no_core() {
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    if let Err(cause) = setrlimit(Resource::Core, limit) {
        tracing::debug!("the system may write a core: {cause}");
    }
}

/// Calls `tell` with every signal that ends a run, until it returns false.
pub(super) fn watch(tell: impl Fn(i32) -> bool + Send + 'static) {
    // Who starts a run with nohup wants it to outlive the terminal.
    let nohup = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default(), SIGHUP);
    let heard = [SIGINT, SIGTERM, SIGQUIT].into_iter().chain((!nohup).then_some(SIGHUP));
    // With a handler, a file that may not grow (`ulimit -f`) is a write that fails, and not a sudden death.
    let mut signals = match Signals::new(heard.chain([SIGXFSZ])) {
        Ok(signals) => signals,
        Err(cause) => return unwatched(&cause),
    };
    let watch = move || {
        for signal in signals.forever() {
            if signal != SIGXFSZ && !tell(signal) {
                return;
            }
        }
    };
    if let Err(cause) = std::thread::Builder::new().name("signals".into()).spawn(watch) {
        unwatched(&cause);
    }
}

fn unwatched(cause: &std::io::Error) {
    tracing::warn!("signals end this run at once: {cause}");
}

/// Whether a process ignores a signal, by the system's description of it; where there is none it does not.
fn ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use signal_hook::consts::{SIGHUP, SIGPIPE, SIGTERM};

    use super::ignored;

    #[test]
    fn what_is_ignored_is_read_from_the_description_of_the_process() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0\n";
        assert!(ignored(status, SIGHUP) && ignored(status, SIGPIPE) && !ignored(status, SIGTERM));
        assert!(!ignored("nothing of the kind", SIGHUP));
    }
}
