//! Why the endpoint does not start.

use std::{net::SocketAddr, path::PathBuf};

/// Why [`Devstack::start`](crate::Devstack::start) failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something else listens there.
    #[error("{address} is in use")]
    PortInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the operating system said.
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
        /// What exactly failed.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key file is missing, damaged or not the one that the secrets were sealed under.
    #[error("{} does not open the secrets that lie beside it; restore it, or delete the data directory", path.display())]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// The runtime did not start.
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
