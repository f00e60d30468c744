//! Why a simulator does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a simulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It shows secrets in clear, so it listens on this machine only.
    #[error("the simulator listens on loopback only, not on {0}")]
    NotLoopback(SocketAddr),
    /// Most often, another program listens there.
    #[error("the simulator cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The suite's Token or EncodingAESKey is none.
    #[error("the suite's {0} is malformed")]
    Suite(&'static str),
    /// The data file cannot be read or written.
    #[error("the simulator cannot use its data file {path}")]
    Data {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The data file is none of ours.
    #[error("the simulator cannot read its data file {path}")]
    UnreadableData {
        /// Which.
        path: PathBuf,
        /// Where it stops being ours.
        source: serde_json::Error,
    },
    /// The data file is another suite's, or of another version.
    #[error("the data file {path} belongs to suite {suite_id} or to another version")]
    ForeignData {
        /// Which.
        path: PathBuf,
        /// Whose.
        suite_id: String,
    },
    /// The HTTP client cannot be built.
    #[error("the simulator has no HTTP client")]
    Client(#[from] reqwest::Error),
}
