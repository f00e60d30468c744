use std::collections::{HashSet, VecDeque};

use crate::WecomEvent;

/// Which events have been handled. Keep it where the effects are kept, so that both survive or neither.
pub trait SeenEvents {
    /// Reason why it could not be read or written.
    type Error;

    /// Whether an event has been handled.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn contains(&self, event_id: &str) -> Result<bool, Self::Error>;

    /// Notes that an event has been handled.
    ///
    /// # Errors
    /// When that cannot be noted.
    fn add(&mut self, event_id: &str) -> Result<(), Self::Error>;
}

/// Handles an event unless it has been handled. Answers whether it was handled now. An event whose handler fails is not seen.
///
/// # Errors
/// The handler's, or those of `seen`.
pub fn once<S: SeenEvents, E: From<S::Error>>(
    seen: &mut S,
    event: &WecomEvent,
    handle: impl FnOnce(&WecomEvent) -> Result<(), E>,
) -> Result<bool, E> {
    if seen.contains(&event.event_id)? {
        return Ok(false);
    }
    handle(event)?;
    seen.add(&event.event_id)?;
    Ok(true)
}

/// Remembers the newest events of this process: for development, and for what may be done twice after a restart.
#[derive(Debug, Clone)]
pub struct SeenInMemory {
    ids: HashSet<String>,
    order: VecDeque<String>,
    capacity: usize,
}

impl SeenInMemory {
    /// Room for this many ids.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            ids: HashSet::new(),
            order: VecDeque::new(),
            capacity,
        }
    }
}

impl SeenEvents for SeenInMemory {
    type Error = std::convert::Infallible;

    fn contains(&self, event_id: &str) -> Result<bool, Self::Error> {
        Ok(self.ids.contains(event_id))
    }

    fn add(&mut self, event_id: &str) -> Result<(), Self::Error> {
        if self.ids.insert(event_id.to_owned()) {
            self.order.push_back(event_id.to_owned());
        }
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.ids.remove(&oldest);
            }
        }
        Ok(())
    }
}
