//! Captures everything that is logged while the tests run, for the scan for secrets: at TRACE, all that the product's own
//! subscriber writes at that level.

use std::{
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing_subscriber::{
    filter::filter_fn, fmt::format::FmtSpan, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};
use wecom_authorization::entry::may_be_logged;

static LOG: Log = Log(Mutex::new(Vec::new()));
static INSTALLED: Once = Once::new();

struct Log(Mutex<Vec<u8>>);

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts to capture, once per process.
pub(crate) fn begin() {
    INSTALLED.call_once(|| {
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(|| Writer);
        tracing_subscriber::registry()
            .with(lines)
            .with(filter_fn(may_be_logged))
            .init();
    });
}

/// Current length of the log, in bytes.
pub(crate) fn position() -> usize {
    LOG.lock().len()
}

/// The log from this position on.
pub(crate) fn since(position: usize) -> Vec<u8> {
    LOG.lock().get(position..).unwrap_or_default().to_vec()
}
