//! The log: its format, and what may be written to it.
//!
//! Libraries log requests and answers whole: `lambda_runtime` every event, the AWS SDK every item, `hyper` every byte. Their
//! lines below INFO are never written, whatever the log level says; our own lines are, and contain no secret at any level.

use std::io;

use lambda_http::tracing::subscriber::{
    EnvFilter, Layer as _,
    filter::{LevelFilter, filter_fn},
    fmt,
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    registry,
    util::SubscriberInitExt as _,
};
use tracing::{Level, Metadata, Subscriber};

/// The crates of this repository that log.
const OURS: [&str; 6] = [
    "wecom_authorization",
    "wecom_callback",
    "wecom_client",
    "local",
    "devstack",
    "simulator",
];

/// Whether a line or span of this kind may be written when the level allows it: any of our own, and from INFO on those of
/// libraries.
#[must_use]
pub fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let crate_name = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::INFO || OURS.contains(&crate_name)
}

/// Writes the log to standard output, at the level and in the format that Lambda's logging configuration says.
#[expect(
    clippy::disallowed_methods,
    reason = "Lambda's own variables, read where its runtime would read them"
)]
pub(super) fn init() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let format = variable("AWS_LAMBDA_LOG_FORMAT");
    let is_json = format.eq_ignore_ascii_case("json");
    subscriber(
        &variable("AWS_LAMBDA_LOG_LEVEL"),
        &variable("RUST_LOG"),
        is_json,
        io::stdout,
    )
    .init();
}

/// A subscriber that writes at `level` (INFO if it names none), changed by `directives` as in `RUST_LOG`.
fn subscriber<W>(level: &str, directives: &str, is_json: bool, writer: W) -> impl Subscriber + Send + Sync + 'static
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let level = match level {
        "" => LevelFilter::INFO,
        level => level.parse().unwrap_or(LevelFilter::INFO),
    };
    let levels = EnvFilter::builder()
        .with_default_directive(level.into())
        .parse_lossy(directives);
    let lines = fmt::layer().with_target(false).without_time().with_writer(writer);
    let lines = if is_json { lines.json().boxed() } else { lines.boxed() };
    registry().with(lines).with(levels).with(filter_fn(may_be_logged))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::{debug, info, subscriber::with_default, trace};

    use super::*;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Lines logged, of one line of each of several crates, at three levels.
    fn logged(level: &str, directives: &str, is_json: bool) -> String {
        let log = Log::default();
        let writer = log.clone();
        with_default(subscriber(level, directives, is_json, move || writer.clone()), || {
            trace!(target: "wecom_authorization::steps", "ours at TRACE");
            trace!(target: "aws_smithy_runtime::client::orchestrator", "library");
            trace!(target: "aws_sdk_dynamodb", "library");
            trace!(target: "lambda_runtime::layers::api_response", "library");
            trace!(target: "localhost", "library");
            debug!(target: "hyper_util::client", "library");
            debug!(target: "h2::codec", "library");
            debug!(target: "rustls::client", "library");
            info!(target: "lambda_runtime", "theirs at INFO");
        });
        let bytes = log.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn writes_our_lines_at_trace_and_those_of_libraries_from_info_on() {
        for (level, directives) in [
            ("TRACE", ""),
            ("", "trace"),
            (
                "TRACE",
                "trace,aws_smithy_runtime=trace,lambda_runtime=trace,hyper_util=debug",
            ),
        ] {
            let log = logged(level, directives, true);
            assert!(log.contains("ours at TRACE"), "{level} {directives}: {log}");
            assert!(log.contains("theirs at INFO"), "{level} {directives}: {log}");
            assert!(!log.contains("library"), "{level} {directives}: {log}");
        }
    }

    #[test]
    fn writes_from_info_on_unless_told_otherwise() {
        for (level, directives) in [("", ""), ("INFO", ""), ("LOUD", "")] {
            let log = logged(level, directives, false);
            assert!(
                !log.contains("ours at TRACE") && log.contains("theirs at INFO"),
                "{log}"
            );
        }
    }

    /// Metric filters and alarms read these fields (template.yaml).
    #[test]
    fn writes_lines_of_json_with_their_fields_below_fields() {
        let line = logged("INFO", "", true);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            line,
            serde_json::json!({"level": "INFO", "fields": {"message": "theirs at INFO"}})
        );
    }
}
