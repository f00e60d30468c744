//! A secret and its versions, and the rules for moving staging labels. No I/O.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kms_key_id: Option<String>,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) deletion: Option<Deletion>,
    /// ARN of the function that rotates it.
    #[serde(default)]
    pub(super) rotated_by: Option<String>,
    /// Oldest first.
    pub(super) versions: Vec<Version>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) created: Timestamp,
    /// Staging labels. A version without one is deprecated: hidden, and the first to be removed.
    pub(super) stages: BTreeSet<String>,
    pub(super) content: Content,
}

/// The value. It has no `Debug`, so that it cannot be printed by accident.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Content {
    Text(String),
    /// In base64, as on the wire.
    Binary(String),
    /// No value yet: a rotation has started, and its function has not put the value.
    None,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Deletion {
    pub(super) requested: Timestamp,
    pub(super) due: Timestamp,
}

impl Version {
    /// The labels in order; `None` for a deprecated version.
    pub(super) fn labels(&self) -> Option<Vec<String>> {
        (!self.stages.is_empty()).then(|| self.stages.iter().cloned().collect())
    }
}

impl Secret {
    /// Refuses a secret that is scheduled for deletion: only Describe, List, Delete and Restore accept one.
    pub(super) fn in_use(self) -> Result<Self, Refusal> {
        if self.deletion.is_some() {
            Err(Refusal::marked_for_deletion())
        } else {
            Ok(self)
        }
    }

    pub(super) fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    pub(super) fn staged(&self, stage: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.stages.contains(stage))
    }

    /// Adds a version, or puts the value of one that a rotation created. The token is the version's id; repeated with the
    /// same value it changes nothing, with another value it is refused.
    ///
    /// The version becomes current without `stages`, and when it is the first.
    pub(super) fn add_version(
        &mut self,
        token: &str,
        content: Content,
        stages: Option<&BTreeSet<String>>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let is_unfilled = |version: &Version| version.id == token && version.content == Content::None;
        if let Some(version) = self.versions.iter_mut().find(|version| is_unfilled(version)) {
            version.content = content;
            stages.into_iter().flatten().for_each(|stage| self.attach(stage, token));
            self.changed = now;
            return self.check_labels();
        }
        if let Some(version) = self.version(token) {
            let same = version.content == content;
            return if same {
                Ok(())
            } else {
                Err(Refusal::token_in_use(token, &self.arn))
            };
        }
        self.drop_deprecated_versions()?;
        let first = self.versions.is_empty();
        let stages_of_none = BTreeSet::new();
        let id = token.to_owned();
        self.versions.push(Version {
            id,
            created: now,
            stages: BTreeSet::new(),
            content,
        });
        for stage in stages.unwrap_or(&stages_of_none) {
            self.attach(stage, token);
        }
        if stages.is_none() || first {
            self.attach(CURRENT, token);
        }
        self.check_labels()?;
        self.changed = now;
        Ok(())
    }

    /// Moves or removes a label by the rules of `UpdateSecretVersionStage`.
    pub(super) fn move_stage(&mut self, stage: &str, from: Option<&str>, to: Option<&str>) -> Result<(), Refusal> {
        if from.is_none() && to.is_none() {
            let message = "You must provide at least one of MoveToVersionId and RemoveFromVersionId.";
            return Err(Refusal::invalid_parameter(message));
        }
        for id in [from, to].into_iter().flatten() {
            if self.version(id).is_none() {
                return Err(Refusal::invalid_parameter(format!("Not a valid version: {id}")));
            }
        }
        let owner = self.staged(stage).map(|version| version.id.clone());
        match (from, to, owner.as_deref()) {
            (Some(from), _, owner) if owner != Some(from) => {
                let message = format!("Staging label {stage} is not attached to version {from}.");
                return Err(Refusal::invalid_parameter(message));
            }
            (None, to, Some(owner)) if to != Some(owner) => {
                return Err(Refusal::invalid_parameter(format!(
                    "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to \
                     version {owner}, so you must explicitly reference that version in RemoveFromVersionId."
                )));
            }
            (Some(_), None, _) if stage == CURRENT => {
                return Err(Refusal::invalid_parameter(
                    "You can only move staging label AWSCURRENT to a different secret version. \
                     It can\u{2019}t be completely removed.",
                ));
            }
            (Some(_), None, _) => self.detach(stage),
            (_, Some(to), _) => self.attach(stage, to),
            (None, None, _) => {}
        }
        self.check_labels()
    }

    /// Attaches a label to a version and removes it from every other. A version that loses AWSCURRENT gets AWSPREVIOUS and
    /// loses AWSPENDING, which a finished rotation leaves next to AWSCURRENT.
    fn attach(&mut self, stage: &str, id: &str) {
        let previous = self
            .staged(stage)
            .map(|version| version.id.clone())
            .filter(|previous| previous != id);
        self.detach(stage);
        self.label(id, stage);
        if let Some(previous) = previous.filter(|_| stage == CURRENT) {
            self.detach(PREVIOUS);
            self.label(&previous, PREVIOUS);
            if let Some(version) = self.versions.iter_mut().find(|version| version.id == previous) {
                version.stages.remove(PENDING);
            }
        }
    }

    fn label(&mut self, id: &str, stage: &str) {
        if let Some(version) = self.versions.iter_mut().find(|version| version.id == id) {
            version.stages.insert(stage.to_owned());
        }
    }

    fn detach(&mut self, stage: &str) {
        for version in &mut self.versions {
            version.stages.remove(stage);
        }
    }

    fn check_labels(&self) -> Result<(), Refusal> {
        let labels = self.versions.iter().map(|version| version.stages.len()).sum::<usize>();
        if labels > MAX_LABELS {
            let message = "You exceeded the maximum number of staging labels allowed on a secret.";
            return Err(Refusal::limit_exceeded(message));
        }
        Ok(())
    }

    /// Removes the oldest deprecated versions beyond a hundred. AWS keeps all versions of the last 24 hours besides.
    fn drop_deprecated_versions(&mut self) -> Result<(), Refusal> {
        while self.versions.len() >= MAX_VERSIONS {
            let Some(oldest) = self.versions.iter().position(|version| version.stages.is_empty()) else {
                return Err(Refusal::limit_exceeded(
                    "You exceeded the maximum number of versions for a secret.",
                ));
            };
            self.versions.remove(oldest);
        }
        Ok(())
    }
}

pub(super) const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";
pub(super) const PENDING: &str = "AWSPENDING";
/// Limit for the labels of all versions of a secret.
const MAX_LABELS: usize = 20;
const MAX_VERSIONS: usize = 100;
