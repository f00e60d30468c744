//! Point-in-time recovery: the setting, so that provisioning and drift checks work. There is nothing to recover.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use dynoxide::Database;
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{
    Error,
    answer::{self, Answer},
    call::Call,
    directory::Directory,
};

/// The tables that have point-in-time recovery switched on, kept in a file of their own.
pub(crate) struct Backups {
    tables: Mutex<BTreeSet<String>>,
    file: Option<PathBuf>,
}

impl Backups {
    pub(crate) fn open(directory: Option<&Directory>) -> Result<Self, Error> {
        let file = directory.map(|directory| directory.join("continuous-backups.json"));
        let tables = match &file {
            Some(file) if file.exists() => {
                let text = std::fs::read(file).map_err(|error| Error::data(file, error))?;
                serde_json::from_slice(&text).map_err(|error| Error::data(file, error))?
            }
            _ => BTreeSet::new(),
        };
        Ok(Self {
            tables: Mutex::new(tables),
            file,
        })
    }

    pub(crate) fn answer(&self, database: &Database, call: &Call) -> Answer {
        let name = call.text("TableName").unwrap_or_default();
        if !matches!(database.get_table_metadata(name), Ok(Some(_))) {
            return refuse("TableNotFoundException", &format!("Table not found: {name}"));
        }
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if call.operation == "UpdateContinuousBackups" {
            let wanted = call
                .input
                .pointer("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled");
            let changed = match wanted.and_then(Value::as_bool) {
                None => {
                    let message = "1 validation error detected: Value null at 'pointInTimeRecoverySpecification' \
                                   failed to satisfy constraint: Member must not be null";
                    return refuse("ValidationException", message);
                }
                Some(true) => tables.insert(name.to_owned()),
                Some(false) => tables.remove(name),
            };
            if changed && let Err(error) = self.save(&tables) {
                tracing::error!(%error, "cannot keep the setting of point-in-time recovery");
                return answer::error(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalServerError",
                    "the setting could not be kept",
                    &Map::new(),
                );
            }
        }
        let status = if tables.contains(name) { "ENABLED" } else { "DISABLED" };
        let description = json!({ "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": status },
        }});
        answer::json(StatusCode::OK, &description)
    }

    fn save(&self, tables: &BTreeSet<String>) -> std::io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let new = file.with_extension("new");
        std::fs::write(&new, serde_json::to_vec(tables)?)?;
        std::fs::rename(new, file)
    }
}

fn refuse(code: &str, message: &str) -> Answer {
    answer::error(StatusCode::BAD_REQUEST, code, message, &Map::new())
}
