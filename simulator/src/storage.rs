//! The file that keeps the state across restarts.
//!
//! It contains secrets in clear, and is therefore readable by its owner only. It is replaced atomically.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{entropy::Entropy, error::Error, world::World};

/// Version of the format; incremented when older files can no longer be read.
const FORMAT: u32 = 1;

/// Content of the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    format: u32,
    suite_id: String,
    pub(crate) entropy: Entropy,
    pub(crate) world: World,
}

#[derive(Serialize)]
struct KeptRef<'a> {
    format: u32,
    suite_id: &'a str,
    entropy: &'a Entropy,
    world: &'a World,
}

/// The file; `None` keeps the state in memory.
pub(crate) struct Storage {
    path: Option<PathBuf>,
}

impl Storage {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// Reads the saved state; `None` when there is no file.
    pub(crate) fn load(&self, suite_id: &str) -> Result<Option<Saved>, Error> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(Error::Data {
                    path: path.clone(),
                    source,
                });
            }
        };
        let kept: Saved = serde_json::from_slice(&bytes).map_err(|source| Error::UnreadableData {
            path: path.clone(),
            source,
        })?;
        if kept.format != FORMAT || kept.suite_id != suite_id {
            return Err(Error::ForeignData {
                path: path.clone(),
                suite_id: kept.suite_id,
            });
        }
        Ok(Some(kept))
    }

    pub(crate) fn save(&self, suite_id: &str, entropy: &Entropy, world: &World) -> Result<(), Error> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let kept = KeptRef {
            format: FORMAT,
            suite_id,
            entropy,
            world,
        };
        let bytes = serde_json::to_vec(&kept).expect("the world has only string keys");
        replace(path, &bytes).map_err(|source| Error::Data {
            path: path.clone(),
            source,
        })
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    private_file(&draft)?.write_all(bytes)?;
    fs::rename(&draft, path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
