//! Reason why a simulator does not start.

use std::{io, net::SocketAddr, path::PathBuf};

/// Reason why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not a loopback address; the simulator shows secrets in clear.
    #[error("the simulator listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on; most often, another program uses it.
    #[error("the simulator cannot listen on {address}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The underlying error.
        source: io::Error,
    },
    /// The suite's Token or EncodingAESKey is malformed.
    #[error("the suite's {0} is malformed")]
    Suite(&'static str),
    /// The data file cannot be read or written.
    #[error("the simulator cannot use its data file {path}")]
    Data {
        /// File that could not be read or written.
        path: PathBuf,
        /// The underlying error.
        source: io::Error,
    },
    /// The data file is not a state of a simulator.
    #[error("the simulator cannot read its data file {path}")]
    UnreadableData {
        /// File that is not JSON of this form.
        path: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// The data file is another suite's, or of another version.
    #[error("the data file {path} belongs to suite {suite_id} or to another version")]
    ForeignData {
        /// Data file of the other suite or version.
        path: PathBuf,
        /// The suite of the file.
        suite_id: String,
    },
    /// The HTTP client cannot be built.
    #[error("the simulator has no HTTP client")]
    Client(#[from] reqwest::Error),
}
