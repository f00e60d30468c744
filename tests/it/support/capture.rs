//! Captures everything that is logged while the tests run, for the scan for secrets.
//!
//! Every target is captured at TRACE, except for the AWS SDK and the embedded DynamoDB, which are captured at DEBUG: at TRACE
//! they log complete requests to AWS, which contain secrets by design.

use std::{
    io,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use tracing::Level;
use tracing_subscriber::{
    filter::Targets, fmt::format::FmtSpan, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// Prefixes of the targets that are not captured at TRACE.
const WIRE_OF_AWS: [&str; 2] = ["aws_", "dynoxide"];

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
        let targets = WIRE_OF_AWS
            .into_iter()
            .fold(Targets::new().with_default(Level::TRACE), |targets, name| {
                targets.with_target(name, tracing_subscriber::filter::LevelFilter::DEBUG)
            });
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_span_events(FmtSpan::CLOSE)
            .with_writer(|| Writer);
        tracing_subscriber::registry().with(lines).with(targets).init();
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
