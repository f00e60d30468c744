//! Errors of starting the endpoint.

use std::{net::SocketAddr, path::PathBuf};

/// Reason why [`Devstack::start`](crate::Devstack::start) failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process listens on the port.
    #[error("{address} is in use")]
    PortInUse {
        /// The requested address.
        address: SocketAddr,
    },
    /// The address does not belong to this machine, or may not be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// Another process has the data directory open.
    #[error("another process uses the data directory {}", path.display())]
    DirectoryInUse {
        /// The data directory.
        path: PathBuf,
    },
    /// The data directory, or a file in it, cannot be read, written or understood.
    #[error("the data in {} cannot be used", path.display())]
    Data {
        /// The directory or the file.
        path: PathBuf,
        /// The underlying error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key file is missing, damaged, or not the one that the secrets were encrypted with.
    #[error("{} does not decrypt the secrets in its directory; restore the file, or delete the data directory", path.display())]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// The asynchronous runtime or its listener did not start.
    #[error("cannot start the server")]
    Runtime(#[source] std::io::Error),
}

impl Error {
    pub(crate) fn data(path: impl Into<PathBuf>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Data {
            path: path.into(),
            source: source.into(),
        }
    }
}
