//! Notifications of writes to tables, so that the reader of a stream can sleep until there is something to read.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

/// One notification channel for each table that somebody watches.
#[derive(Debug, Default)]
pub(crate) struct TableWrites(Mutex<HashMap<String, watch::Sender<()>>>);

impl TableWrites {
    /// A receiver that is marked as changed after each write to the table. Writes between two looks count as one.
    pub(crate) fn watch(&self, table: &str) -> watch::Receiver<()> {
        self.lock().entry(table.to_owned()).or_default().subscribe()
    }

    pub(crate) fn notify(&self, table: &str) {
        if let Some(watched) = self.lock().get(table) {
            watched.send_replace(());
        }
    }

    pub(crate) fn notify_all(&self) {
        for watched in self.lock().values() {
            watched.send_replace(());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
