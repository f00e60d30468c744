//! AWS Secrets Manager: versions, staging labels, idempotency tokens, deletion with a recovery window.
//!
//! Errors and shapes follow AWS's API reference and recordings of the service; where neither covers a case, the code is
//! AWS's and the message is ours. `RotateSecret` starts a rotation and passes it to the registered handler, which invokes
//! the function; there are no schedules. Answered with an error: updates of metadata, tags, replication, resource policies,
//! random passwords, batches, lists of versions, and `RotateSecret` without a registered handler.

mod create;
mod deletion;
mod describe;
mod key;
mod list;
mod output;
mod refusal;
mod request;
mod rotation;
mod secret;
mod values;
mod vault;

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

pub use self::rotation::Rotation;
use self::{output::Output, refusal::Refusal, vault::Vault};
use crate::{
    Error,
    answer::{self, Answer},
    call::Call,
    clock,
    directory::Directory,
};

/// The service. Requests run one at a time: each reads and writes at most one row.
pub(crate) struct Secrets {
    vault: Mutex<Vault>,
    rotations: Mutex<Option<mpsc::UnboundedSender<Rotation>>>,
}

/// Context of an operation, besides its input.
struct Context<'a> {
    vault: &'a Vault,
    region: &'a str,
    now: Timestamp,
}

type Outcome = Result<Output, Refusal>;

impl Secrets {
    pub(crate) fn open(directory: Option<&Directory>) -> Result<Self, Error> {
        Ok(Self {
            vault: Mutex::new(Vault::open(directory)?),
            rotations: Mutex::default(),
        })
    }

    /// Registers the handler of rotations.
    pub(crate) fn rotations(&self) -> mpsc::UnboundedReceiver<Rotation> {
        let (started, rotations) = mpsc::unbounded_channel();
        *self.rotations.lock().unwrap_or_else(PoisonError::into_inner) = Some(started);
        rotations
    }

    pub(crate) fn answer(&self, call: &Call) -> Answer {
        if call.input.is_null() {
            return answer::error(StatusCode::BAD_REQUEST, "SerializationException", "", &Map::new());
        }
        let region = call.credential().map_or(DEFAULT_REGION, |(_, region)| region);
        match self.run(&call.operation, call.input.clone(), region, clock::now()) {
            Ok(output) => answer::json(StatusCode::OK, &output.into()),
            Err(refusal) => {
                if refusal.status.is_server_error() {
                    tracing::error!(operation = %call.operation, "{}", refusal.message);
                }
                answer::error(refusal.status, refusal.code, &refusal.message, &Map::new())
            }
        }
    }

    /// Name of the secret with this `SecretId`; the id itself when there is no such secret.
    pub(crate) fn name_of(&self, id: &str) -> String {
        self.vault()
            .find(id)
            .ok()
            .flatten()
            .map_or_else(|| id.to_owned(), |secret| secret.name)
    }

    fn run(&self, operation: &str, input: Value, region: &str, now: Timestamp) -> Outcome {
        let vault = &*self.vault();
        vault.purge(now)?;
        let context = &Context { vault, region, now };
        if operation == "RotateSecret"
            && let Some(started) = &*self.rotations.lock().unwrap_or_else(PoisonError::into_inner)
        {
            return rotation::rotate(context, request::read(input)?, started);
        }
        match operation {
            "CreateSecret" => create::create(context, request::read(input)?),
            "GetSecretValue" => values::read(context, &request::read(input)?),
            "PutSecretValue" => values::put(context, request::read(input)?),
            "UpdateSecretVersionStage" => values::move_stage(context, &request::read(input)?),
            "DescribeSecret" => describe::describe(context, &request::read(input)?),
            "ListSecrets" => list::list(context, &request::read(input)?),
            "DeleteSecret" => deletion::delete(context, &request::read(input)?),
            "RestoreSecret" => deletion::restore(context, &request::read(input)?),
            _ if NOT_SUPPORTED.contains(&operation) => Err(Refusal::invalid_request(format!(
                "{operation} is not supported by the local endpoint."
            ))),
            _ => Err(Refusal::unknown_operation()),
        }
    }

    fn vault(&self) -> MutexGuard<'_, Vault> {
        self.vault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const DEFAULT_REGION: &str = "us-east-1";

/// Operations of AWS that are not implemented here.
const NOT_SUPPORTED: [&str; 15] = [
    "BatchGetSecretValue",
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "GetRandomPassword",
    "GetResourcePolicy",
    "ListSecretVersionIds",
    "PutResourcePolicy",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RotateSecret",
    "StopReplicationToReplica",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "ValidateResourcePolicy",
];

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;
    use serde_json::json;

    use super::*;

    const CREATED: &str = "2026-01-01T12:00:00Z";
    const TOKEN: &str = "a-token-of-thirty-two-characters";

    fn deleted_for_seven_days() -> Secrets {
        let secrets = Secrets::open(None).unwrap();
        let created = CREATED.parse().unwrap();
        let input = json!({ "Name": "a", "SecretString": "s", "ClientRequestToken": TOKEN });
        secrets.run("CreateSecret", input, "r", created).unwrap();
        secrets
            .run(
                "DeleteSecret",
                json!({ "SecretId": "a", "RecoveryWindowInDays": 7 }),
                "r",
                created,
            )
            .unwrap();
        secrets
    }

    fn after(hours: i64) -> Timestamp {
        CREATED.parse::<Timestamp>().unwrap() + hours.hours()
    }

    #[test]
    fn a_deleted_secret_exists_until_its_recovery_window_has_passed() {
        let secrets = deleted_for_seven_days();
        let described = secrets.run("DescribeSecret", json!({ "SecretId": "a" }), "r", after(7 * 24 - 1));
        assert!(Value::from(described.unwrap()).get("DeletedDate").is_some());
        let gone = secrets
            .run("DescribeSecret", json!({ "SecretId": "a" }), "r", after(7 * 24))
            .unwrap_err();
        assert_eq!(gone.code, "ResourceNotFoundException");
        let input = json!({ "Name": "a", "SecretString": "other", "ClientRequestToken": TOKEN });
        assert!(secrets.run("CreateSecret", input, "r", after(7 * 24)).is_ok());
    }

    #[test]
    fn a_restored_secret_outlives_its_window() {
        let secrets = deleted_for_seven_days();
        secrets
            .run("RestoreSecret", json!({ "SecretId": "a" }), "r", after(1))
            .unwrap();
        assert!(
            secrets
                .run("GetSecretValue", json!({ "SecretId": "a" }), "r", after(8 * 24))
                .is_ok()
        );
    }

    #[test]
    fn a_row_is_decrypted_only_with_its_own_name_and_key() {
        let key = key::Key::ephemeral();
        let sealed = key.seal("a", b"s").unwrap();
        assert_eq!(key.open("a", &sealed).unwrap(), b"s");
        assert!(key.open("b", &sealed).is_err());
        assert!(key::Key::ephemeral().open("a", &sealed).is_err());
        assert!((0..sealed.len()).all(|at| {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            key.open("a", &altered).is_err()
        }));
    }
}
