//! Group commit: the writes of concurrent requests reach the disk with one fsync.
//!
//! SQLite appends a commit to its write-ahead log without fsync (`synchronous = NORMAL`, under which it still syncs around a
//! checkpoint: <https://www.sqlite.org/pragma.html#pragma_synchronous>). Here a request waits for an fsync of the log that began
//! after its commit; all that commit meanwhile share the next one. So every answered write is on the disk, as with an fsync each.

use std::{
    fs::OpenOptions,
    io,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use tokio::sync::Mutex;

type Fsync = dyn Fn() -> io::Result<()> + Send + Sync;

pub(super) struct GroupCommit {
    fsync: Arc<Fsync>,
    /// Writes that were begun, and are not known to be on the disk.
    unsettled: AtomicU64,
    /// Requests that have waited for an fsync so far.
    waited: AtomicU64,
    /// How many of them an fsync has served. `None` after one that failed: what it lost is unknown, so nothing is answered any more.
    served: Mutex<Option<u64>>,
}

impl GroupCommit {
    /// Syncs a write-ahead log, which SQLite has opened and leaves in place as long as it is open.
    pub(super) fn of_log(path: &Path) -> io::Result<Self> {
        let log = OpenOptions::new().write(true).open(path)?;
        Ok(Self::new(Arc::new(move || log.sync_data())))
    }

    fn new(fsync: Arc<Fsync>) -> Self {
        Self {
            fsync,
            unsettled: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            served: Mutex::new(Some(0)),
        }
    }

    /// Carries out a request, and returns when what it wrote or saw is on the disk.
    ///
    /// # Errors
    /// When an fsync failed, now or before.
    pub(super) async fn settled<T>(&self, writes: bool, request: impl Future<Output = T>) -> io::Result<T> {
        if writes {
            self.unsettled.fetch_add(1, SeqCst);
        }
        let answer = request.await;
        // A read may have seen another request's write.
        if self.unsettled.load(SeqCst) > 0 {
            self.sync().await?;
        }
        if writes {
            self.unsettled.fetch_sub(1, SeqCst);
        }
        Ok(answer)
    }

    async fn sync(&self) -> io::Result<()> {
        let failed = || io::Error::other("an fsync failed");
        let own = self.waited.fetch_add(1, SeqCst) + 1;
        let mut served = self.served.lock().await;
        if served.ok_or_else(failed)? >= own {
            return Ok(());
        }
        let waiting = self.waited.load(SeqCst);
        // Stays `None` when this is cancelled.
        *served = None;
        let fsync = Arc::clone(&self.fsync);
        tokio::task::spawn_blocking(move || fsync())
            .await
            .map_err(io::Error::other)??;
        *served = Some(waiting);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A commit of which each fsync waits until it is let go, and the number of its fsyncs.
    fn held() -> (Arc<GroupCommit>, mpsc::Sender<io::Result<()>>, Arc<AtomicU64>) {
        let (go, gate) = mpsc::channel();
        let gate = std::sync::Mutex::new(gate);
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        let fsync = move || {
            counted.fetch_add(1, SeqCst);
            gate.lock().unwrap().recv().unwrap()
        };
        (Arc::new(GroupCommit::new(Arc::new(fsync))), go, count)
    }

    #[tokio::test]
    async fn a_hundred_writes_need_two_fsyncs_and_none_is_answered_before_its_own() {
        let (commit, go, count) = held();
        let written = Arc::new(AtomicU64::new(0));
        let write = |_| {
            let (commit, written) = (Arc::clone(&commit), Arc::clone(&written));
            tokio::spawn(async move {
                let write = async { written.fetch_add(1, SeqCst) };
                commit.settled(true, write).await.unwrap();
            })
        };
        let writes: Vec<_> = (0..100).map(write).collect();
        while written.load(SeqCst) < 100 || count.load(SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        assert!(writes.iter().all(|write| !write.is_finished()));
        go.send(Ok(())).unwrap();
        while count.load(SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(writes.iter().filter(|write| write.is_finished()).count(), 1);
        go.send(Ok(())).unwrap();
        for write in writes {
            write.await.unwrap();
        }
        assert_eq!(count.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn a_read_waits_for_the_writes_that_it_may_have_seen() {
        let (commit, go, count) = held();
        commit.settled(false, async {}).await.unwrap();
        assert_eq!(count.load(SeqCst), 0, "nothing was written");
        let request = |writes| {
            let commit = Arc::clone(&commit);
            tokio::spawn(async move { commit.settled(writes, async {}).await })
        };
        let write = request(true);
        while count.load(SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        let read = request(false);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!read.is_finished());
        go.send(Ok(())).unwrap();
        go.send(Ok(())).unwrap();
        write.await.unwrap().unwrap();
        read.await.unwrap().unwrap();
        assert_eq!(count.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn nothing_is_answered_after_an_fsync_that_failed() {
        let (commit, go, count) = held();
        go.send(Err(io::Error::other("the disk is gone"))).unwrap();
        go.send(Ok(())).unwrap();
        assert!(commit.settled(true, async {}).await.is_err());
        assert!(commit.settled(true, async {}).await.is_err());
        assert!(commit.settled(false, async {}).await.is_err());
        assert_eq!(count.load(SeqCst), 1);
    }
}
