//! Requests that wait for their answers.

use std::collections::{BTreeMap, BTreeSet};

use ultra_core::record::{Pending, Request};

/// The open requests of a stream, within a bound of memory: the oldest goes when there is no more room.
#[derive(Debug)]
pub(crate) struct Held {
    requests: BTreeMap<String, Open>,
    /// Ids in the order the requests came.
    order: BTreeMap<u64, String>,
    next: u64,
    bytes: u64,
    limit: u64,
    /// Requests that had to go before they were answered.
    pub(crate) forgotten: u64,
}

#[derive(Debug)]
struct Open {
    request: Request,
    calls: BTreeSet<(String, u32)>,
    bytes: u64,
    at: u64,
}

impl Held {
    /// Room for `limit` bytes of requests.
    pub(crate) fn new(limit: u64) -> Self {
        Self { requests: BTreeMap::new(), order: BTreeMap::new(), next: 0, bytes: 0, limit, forgotten: 0 }
    }

    /// Holds `request`, which took `bytes` in the stream, until all `calls` have ended.
    pub(crate) fn open(&mut self, request: Request, calls: Vec<Pending>, bytes: usize) {
        self.close(&request.id);
        if calls.is_empty() {
            return;
        }
        let (id, at, bytes) = (request.id.clone(), self.next, bytes as u64);
        let calls = calls.into_iter().map(|call| (call.target, call.sample)).collect();
        self.order.insert(at, id.clone());
        self.requests.insert(id, Open { request, calls, bytes, at });
        self.next += 1;
        self.bytes += bytes;
        while self.bytes > self.limit {
            let Some((_, oldest)) = self.order.first_key_value() else { break };
            let oldest = oldest.clone();
            self.close(&oldest);
            self.forgotten += 1;
        }
    }

    /// Ends one call and gives `then` its request, when that call was open.
    pub(crate) fn end(&mut self, id: &str, target: &str, sample: u32, then: impl FnOnce(&Request)) {
        let Some(open) = self.requests.get_mut(id) else { return };
        if !open.calls.remove(&(target.to_owned(), sample)) {
            return;
        }
        then(&open.request);
        if open.calls.is_empty() {
            self.close(id);
        }
    }

    /// Ends all calls of a request.
    pub(crate) fn close(&mut self, id: &str) {
        if let Some(open) = self.requests.remove(id) {
            self.order.remove(&open.at);
            self.bytes -= open.bytes;
        }
    }

    /// Whether no request is open.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.order.is_empty() && self.bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use ultra_core::record::Request;
    use ultra_core::target::calls;

    use super::Held;

    fn open(held: &mut Held, id: &str) {
        let record = format!(
            r#"{{"id":"{id}","prompt_id":"p","messages":[{{"role":"user","content":"q"}}],"targets":["mock:a#2"]}}"#
        );
        let request: Request = serde_json::from_str(&record).expect("is a request");
        let calls = calls(&request).expect("counts");
        held.open(request, calls, 100);
    }

    fn ends(held: &mut Held, id: &str, sample: u32) -> bool {
        let mut ended = false;
        held.end(id, "mock:a", sample, |_| ended = true);
        ended
    }

    #[test]
    fn a_request_is_held_until_its_last_call_has_ended() {
        let mut held = Held::new(1000);
        open(&mut held, "r");
        assert!(ends(&mut held, "r", 1));
        assert!(!ends(&mut held, "r", 1), "a call ends once");
        assert!(!ends(&mut held, "r", 2) && !ends(&mut held, "other", 0));
        assert!(!held.is_empty());
        assert!(ends(&mut held, "r", 0));
        assert!(held.is_empty());
    }

    #[test]
    fn the_oldest_request_goes_when_there_is_no_more_room() {
        let mut held = Held::new(250);
        for id in ["a", "b", "c"] {
            open(&mut held, id);
        }
        assert_eq!(held.forgotten, 1);
        assert!(!ends(&mut held, "a", 0) && ends(&mut held, "b", 0) && ends(&mut held, "c", 0));
    }

    #[test]
    fn a_request_that_comes_again_is_held_once() {
        let mut held = Held::new(1000);
        open(&mut held, "r");
        open(&mut held, "r");
        held.close("r");
        assert!(held.is_empty());
    }
}
