//! The key that encrypts the secrets at rest: AES-256-GCM with a random nonce and the row's name as associated data, so
//! that a row is decrypted only with its own name. Format: `nonce[12] | ciphertext | tag[16]`.
//!
//! This keeps a developer's secrets out of backups and text searches. It does not protect against a reader of the key file
//! or of the process's memory.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    path::Path,
};

use aes_gcm::{
    Aes256Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use rand::{TryRng as _, rngs::SysRng};

pub(super) struct Key {
    cipher: Aes256Gcm,
}

/// A row cannot be decrypted: another key, another name, or damage.
#[derive(Debug, thiserror::Error)]
#[error("an encrypted row cannot be decrypted")]
pub(super) struct DecryptionFailed;

impl Key {
    /// A key for secrets in memory.
    pub(super) fn ephemeral() -> Self {
        Self::from_bytes(&random::<32>())
    }

    /// Creates the key and its file, readable by its owner only.
    pub(super) fn create(path: &Path) -> std::io::Result<Self> {
        let bytes = random::<32>();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        Ok(Self::from_bytes(&bytes))
    }

    /// Reads the key; `None` when the file is missing or is not a key.
    pub(super) fn read(path: &Path) -> std::io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        match File::open(path) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(bytes.try_into().ok().map(|bytes: [u8; 32]| Self::from_bytes(&bytes)))
    }

    pub(super) fn seal(&self, name: &str, plaintext: &[u8]) -> Result<Vec<u8>, DecryptionFailed> {
        let nonce = random::<12>();
        let payload = Payload {
            msg: plaintext,
            aad: name.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| DecryptionFailed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, DecryptionFailed> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<12>().ok_or(DecryptionFailed)?;
        let payload = Payload {
            msg: ciphertext,
            aad: name.as_bytes(),
        };
        self.cipher
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| DecryptionFailed)
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self {
            cipher: Aes256Gcm::new(bytes.into()),
        }
    }
}

/// The six characters that AWS appends to a secret's name in its ARN.
pub(super) fn random_suffix() -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letters = random::<6>().into_iter();
    letters
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 62)))
        .map(|letter| char::from(*letter))
        .collect()
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system's generator answers");
    bytes
}
