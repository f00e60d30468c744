//! The secrets at rest: one SQLite file with an encrypted row for each secret. Name, ARN and date of deletion are not
//! encrypted. A write has reached the disk when it returns.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{key::Key, refusal::Refusal, secret::Secret};
use crate::{Error, directory::Directory};

pub(super) struct Vault {
    connection: Connection,
    key: Key,
}

impl Vault {
    pub(super) fn open(directory: Option<&Directory>) -> Result<Self, Error> {
        let Some(directory) = directory else {
            let connection = Connection::open_in_memory().and_then(prepare);
            let connection = connection.map_err(|error| Error::data("", error))?;
            return Ok(Self {
                connection,
                key: Key::ephemeral(),
            });
        };
        let path = directory.join("secrets.sqlite");
        let connection = Connection::open(&path)
            .and_then(prepare)
            .map_err(|error| Error::data(&path, error))?;
        let key = unlock(&connection, &directory.join("secrets.key"), &path)?;
        Ok(Self { connection, key })
    }

    /// The secret with this `SecretId`: a name, an ARN, or an ARN without its suffix. As on AWS, an ARN that ends like one
    /// with a suffix is taken for a complete one, so a secret whose name ends like a suffix is not found by a partial ARN.
    pub(super) fn find(&self, id: &str) -> Result<Option<Secret>, Refusal> {
        if !id.starts_with("arn:") {
            return self.named(id);
        }
        let query = "SELECT name FROM secrets WHERE arn = ?1";
        let name = self
            .connection
            .query_row(query, [id], |row| row.get::<_, String>(0))
            .optional()?;
        match (name, id.splitn(7, ':').nth(6)) {
            (Some(name), _) => self.named(&name),
            (None, Some(name)) if !ends_like_an_arn(name) => {
                Ok(self.named(name)?.filter(|secret| secret.arn.starts_with(id)))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn require(&self, id: &str) -> Result<Secret, Refusal> {
        if id.is_empty() {
            return Err(Refusal::constraint(
                "secretId",
                "have length greater than or equal to 1",
            ));
        }
        self.find(id)?.ok_or_else(Refusal::not_found)
    }

    pub(super) fn named(&self, name: &str) -> Result<Option<Secret>, Refusal> {
        let query = "SELECT sealed FROM secrets WHERE name = ?1";
        let sealed = self
            .connection
            .query_row(query, [name], |row| row.get::<_, Vec<u8>>(0))
            .optional()?;
        sealed.map(|sealed| self.unseal(name, &sealed)).transpose()
    }

    pub(super) fn all(&self) -> Result<Vec<Secret>, Refusal> {
        let mut statement = self.connection.prepare("SELECT name, sealed FROM secrets")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        rows.map(|row| {
            let (name, sealed) = row?;
            self.unseal(&name, &sealed)
        })
        .collect()
    }

    pub(super) fn save(&self, secret: &Secret) -> Result<(), Refusal> {
        let sealed = self.key.seal(&secret.name, &serde_json::to_vec(secret)?)?;
        let due = secret.deletion.as_ref().map(|deletion| deletion.due.as_second());
        self.connection.execute(
            "INSERT INTO secrets (name, arn, due, sealed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET arn = ?2, due = ?3, sealed = ?4",
            params![secret.name, secret.arn, due, sealed],
        )?;
        Ok(())
    }

    pub(super) fn remove(&self, name: &str) -> Result<(), Refusal> {
        self.connection.execute("DELETE FROM secrets WHERE name = ?1", [name])?;
        Ok(())
    }

    /// Removes the secrets whose recovery window has passed.
    pub(super) fn purge(&self, now: Timestamp) -> Result<(), Refusal> {
        self.connection
            .execute("DELETE FROM secrets WHERE due <= ?1", [now.as_second()])?;
        Ok(())
    }

    fn unseal(&self, name: &str, sealed: &[u8]) -> Result<Secret, Refusal> {
        Ok(serde_json::from_slice(&self.key.open(name, sealed)?)?)
    }
}

fn prepare(connection: Connection) -> rusqlite::Result<Connection> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, arn TEXT NOT NULL UNIQUE, due INTEGER, sealed BLOB NOT NULL);
         CREATE TABLE IF NOT EXISTS seal (id INTEGER PRIMARY KEY CHECK (id = 0), sealed BLOB NOT NULL);",
    )?;
    Ok(connection)
}

/// The key of these secrets. A known text, encrypted in the same file, tells the right key from a wrong one before anything
/// is written; a new key is created only when there is no such text.
fn unlock(connection: &Connection, key_path: &Path, path: &Path) -> Result<Key, Error> {
    let failed = |error: rusqlite::Error| Error::data(path, error);
    let wrong = || Error::WrongKey {
        path: key_path.to_owned(),
    };
    let query = "SELECT sealed FROM seal WHERE id = 0";
    let word = connection
        .query_row(query, [], |row| row.get::<_, Vec<u8>>(0))
        .optional()
        .map_err(failed)?;
    let key = Key::read(key_path).map_err(|error| Error::data(key_path, error))?;
    match (word, key) {
        (Some(word), Some(key)) => match key.open(SEAL_NAME, &word) {
            Ok(_) => Ok(key),
            Err(_) => Err(wrong()),
        },
        (Some(_), None) => Err(wrong()),
        (None, key) => {
            let key = match key {
                Some(key) => key,
                None => Key::create(key_path).map_err(|error| Error::data(key_path, error))?,
            };
            let word = key
                .seal(SEAL_NAME, SEAL_WORD)
                .map_err(|error| Error::data(path, error))?;
            connection
                .execute("INSERT INTO seal (id, sealed) VALUES (0, ?1)", [word])
                .map_err(failed)?;
            Ok(key)
        }
    }
}

/// Whether the name ends in a hyphen and six letters or digits.
fn ends_like_an_arn(name: &str) -> bool {
    let mut end = name.bytes().rev();
    end.by_ref().take(6).filter(u8::is_ascii_alphanumeric).count() == 6 && end.next() == Some(b'-')
}

/// Associated data of the known text. No secret has this name, because names have no spaces.
const SEAL_NAME: &str = "the seal";
const SEAL_WORD: &[u8] = b"devstack";
