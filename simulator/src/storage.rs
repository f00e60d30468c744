//! The file that keeps the world across restarts.
//!
//! It holds secrets in clear, so only its owner may read it; it is replaced whole, so a crash leaves the old one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::error::Error;
use crate::world::World;

/// Raised when an older file can no longer be read.
const FORMAT: u32 = 1;

/// What is in the file.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
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

/// The file, or nowhere.
pub(crate) struct Storage {
    path: Option<PathBuf>,
}

impl Storage {
    pub(crate) fn new(path: Option<PathBuf>) -> Self {
        Self { path }
    }

    /// What was kept, if anything was.
    pub(crate) fn load(&self, suite_id: &str) -> Result<Option<Kept>, Error> {
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
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|source| Error::UnreadableData {
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
