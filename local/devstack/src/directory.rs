//! The data directory: private to its owner, and used by one process at a time.

use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use crate::Error;

/// A data directory locked by this process. The lock is released when the process ends, however that happens.
pub(crate) struct Directory {
    path: PathBuf,
    _lock: File,
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|error| Error::data(path, error))?;
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path.join("devstack.lock"))
            .map_err(|error| Error::data(path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::DirectoryInUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(Error::data(path, error)),
        }
    }

    pub(crate) fn join(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }
}
