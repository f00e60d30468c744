//! What the server publishes on its event bus, which it keeps in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::{Client, Response};
use serde_json::Value;

use super::{plan::number_of, tally::Tally, traffic::Traffic};
use crate::{Error, product::BETWEEN_LOOKS};

/// Events that were published, and those that may have been without being seen here.
pub(super) struct Bus {
    traffic: Arc<Traffic>,
    state: Mutex<State>,
}

struct State {
    seen: Tally,
    /// Events that had begun and were not seen when the stream broke off, by a kill or because this listener was too slow: what
    /// the bus had of them is gone. Most are published later.
    in_flight: Vec<u64>,
}

impl Bus {
    pub(super) fn new(traffic: Arc<Traffic>) -> Self {
        let state = State {
            seen: Tally::new(traffic.plan.events),
            in_flight: Vec::new(),
        };
        Self {
            traffic,
            state: Mutex::new(state),
        }
    }

    /// Listens without end, across restarts of the server.
    pub(super) async fn listen(self: Arc<Self>, http: Client, url: String) {
        loop {
            // What the bus still has comes again. The ids begin anew with each server.
            let request = http
                .get(&url)
                .header("accept", "text/event-stream")
                .header("last-event-id", "0");
            if let Ok(stream) = request.send().await {
                let _ = self.read(stream).await;
                let begun = self.traffic.begun();
                let mut state = self.state();
                let unseen = state.seen.difference(0..begun).lost;
                state.in_flight.extend(unseen);
                state.in_flight.sort_unstable();
                state.in_flight.dedup();
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn read(&self, mut stream: Response) -> Result<(), Error> {
        let mut unread = Vec::new();
        while let Some(chunk) = stream.chunk().await? {
            unread.extend_from_slice(&chunk);
            let Some(end) = unread.iter().rposition(|byte| *byte == b'\n') else {
                continue;
            };
            let lines: Vec<u8> = unread.drain(..=end).collect();
            for line in String::from_utf8_lossy(&lines).lines() {
                let Some(data) = line.strip_prefix("data:") else {
                    continue;
                };
                let event: Value = serde_json::from_str(data)?;
                if event.get("detail-type").and_then(Value::as_str) == Some("wecom.event") {
                    let number = event.get("detail").and_then(number_of);
                    self.state().seen.see(number);
                }
            }
        }
        Ok(())
    }

    /// Events that were never seen: those that may have been in flight when the stream broke off, and others.
    pub(super) fn unseen(&self) -> [u64; 2] {
        let state = self.state();
        let lost = state.seen.difference(0..self.traffic.plan.events).lost;
        let is_excused = |number: &&u64| state.in_flight.binary_search(number).is_ok();
        let excused = lost.iter().filter(is_excused).count();
        [excused, lost.len() - excused].map(|count| u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// Published events that nobody sent.
    pub(super) fn strange(&self) -> u64 {
        self.state().seen.strange
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
