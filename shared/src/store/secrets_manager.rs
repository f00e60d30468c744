//! Secrets in AWS Secrets Manager.

use aws_sdk_secretsmanager::{
    Client,
    error::SdkError,
    operation::{
        create_secret::CreateSecretError, delete_secret::DeleteSecretError, describe_secret::DescribeSecretError,
        get_secret_value::GetSecretValueError, put_secret_value::PutSecretValueError,
        restore_secret::RestoreSecretError,
    },
    types::{Filter, FilterNameStringType},
};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::{SecretName, StoreError, errors::store_error};

/// A deleted secret can be restored for this long (Secrets Manager allows 7 to 30 days).
pub(crate) const RECOVERY_WINDOW_DAYS: i64 = 7;

/// Secrets below one prefix.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: Client,
    prefix: String,
    key_arn: Option<String>,
}

impl SecretsManager {
    /// Uses the secrets whose names begin with `prefix`.
    #[must_use]
    pub fn new(client: Client, prefix: String) -> Self {
        Self {
            client,
            prefix,
            key_arn: None,
        }
    }

    /// Encrypts the secrets that it creates under this KMS key instead of the key of Secrets Manager.
    #[must_use]
    pub fn encrypting_under(self, key_arn: Option<String>) -> Self {
        Self { key_arn, ..self }
    }

    async fn put_version(&self, name: &str, value: &SecretString) -> Result<String, SdkError<PutSecretValueError>> {
        let answer = self
            .client
            .put_secret_value()
            .secret_id(name)
            .secret_string(value.expose_secret())
            .send()
            .await?;
        Ok(answer.version_id.unwrap_or_default())
    }

    async fn create(&self, name: &str, value: &SecretString) -> Result<String, SdkError<CreateSecretError>> {
        let answer = self
            .client
            .create_secret()
            .name(name)
            .set_kms_key_id(self.key_arn.clone())
            .secret_string(value.expose_secret())
            .send()
            .await?;
        Ok(answer.version_id.unwrap_or_default())
    }
}

/// Reading and writing secrets.
impl SecretsManager {
    /// Writes a secret. The previous version is kept. Returns the id of the new version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put(&self, name: &SecretName, value: &SecretString) -> Result<String, StoreError> {
        let name = name.under(&self.prefix);
        match self.put_version(&name, value).await {
            Ok(version_id) => Ok(version_id),
            Err(error) => match error.as_service_error() {
                Some(PutSecretValueError::ResourceNotFoundException(_)) => {
                    match self.create(&name, value).await {
                        Ok(version_id) => Ok(version_id),
                        // It was created between the two calls.
                        Err(error)
                            if matches!(
                                error.as_service_error(),
                                Some(CreateSecretError::ResourceExistsException(_))
                            ) =>
                        {
                            self.put_version(&name, value).await.map_err(store_error)
                        }
                        Err(error) => Err(store_error(error)),
                    }
                }
                // It is scheduled for deletion: writing it again restores it.
                Some(PutSecretValueError::InvalidRequestException(_)) => {
                    let restored = self.client.restore_secret().secret_id(&name).send().await;
                    match restored {
                        // Somebody else restored it between the two calls.
                        Err(error)
                            if !matches!(
                                error.as_service_error(),
                                Some(RestoreSecretError::InvalidRequestException(_))
                            ) =>
                        {
                            Err(store_error(error))
                        }
                        _ => self.put_version(&name, value).await.map_err(store_error),
                    }
                }
                _ => Err(store_error(error)),
            },
        }
    }

    /// Makes a secret that is scheduled for deletion readable again, with all its versions. Returns whether there is such a secret,
    /// which is also so when it was not scheduled.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn restore(&self, name: &SecretName) -> Result<bool, StoreError> {
        let restored = self
            .client
            .restore_secret()
            .secret_id(name.under(&self.prefix))
            .send()
            .await;
        match restored {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(RestoreSecretError::ResourceNotFoundException(_)) => Ok(false),
                Some(RestoreSecretError::InvalidRequestException(_)) => Ok(true),
                _ => Err(store_error(error)),
            },
        }
    }

    /// Schedules a secret for deletion after the recovery window of seven days. One that is missing or already scheduled is
    /// left unchanged. Returns whether it is scheduled, by this call or before; false when it is missing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, name: &SecretName) -> Result<bool, StoreError> {
        let deleted = self
            .client
            .delete_secret()
            .secret_id(name.under(&self.prefix))
            .recovery_window_in_days(RECOVERY_WINDOW_DAYS)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(DeleteSecretError::ResourceNotFoundException(_)) => Ok(false),
                Some(DeleteSecretError::InvalidRequestException(_)) => Ok(true),
                _ => Err(store_error(error)),
            },
        }
    }

    /// A version of a secret, or the newest; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(&self, name: &SecretName, version_id: Option<&str>) -> Result<Option<SecretString>, StoreError> {
        let answer = self
            .client
            .get_secret_value()
            .secret_id(name.under(&self.prefix))
            .set_version_id(version_id.map(ToOwned::to_owned))
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.secret_string.map(SecretString::from)),
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(
                        GetSecretValueError::ResourceNotFoundException(_)
                            | GetSecretValueError::InvalidRequestException(_)
                    )
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(store_error(error)),
        }
    }
}

/// A secret of a tenant, as a list names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSecret {
    /// The name.
    pub name: SecretName,
    /// The time of its last change; `None` if Secrets Manager does not say.
    pub changed_at: Option<Timestamp>,
}

/// The list of the tenants' secrets.
impl SecretsManager {
    /// A page of the tenants' secrets that are not scheduled for deletion, 100 at most, in no particular order, and the token
    /// of the next page. A list may lack what was written within the last minutes, and name what was deleted within them.
    ///
    /// # Errors
    /// [`StoreError::UnknownPosition`] for a token that is not one of this list, and when the store fails.
    pub async fn list(&self, next: Option<String>) -> Result<(Vec<ListedSecret>, Option<String>), StoreError> {
        let below = Filter::builder()
            .key(FilterNameStringType::Name)
            .values(format!("{}/", self.prefix))
            .build();
        let page = self
            .client
            .list_secrets()
            .filters(below)
            .max_results(100)
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                Some(service) if service.is_invalid_next_token_exception() => StoreError::UnknownPosition,
                _ => store_error(error),
            })?;
        let entries = page.secret_list.unwrap_or_default().into_iter();
        let secrets = entries.filter_map(|entry| {
            let changed_at = entry.last_changed_date.or(entry.created_date);
            Some(ListedSecret {
                name: SecretName::of_tenant(&entry.name?, &self.prefix)?,
                changed_at: changed_at.and_then(|at| Timestamp::from_second(at.secs()).ok()),
            })
        });
        Ok((secrets.collect(), page.next_token))
    }
}

const CURRENT: &str = "AWSCURRENT";
const PENDING: &str = "AWSPENDING";

/// The versions of a rotated secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersions {
    /// The ARN of the secret.
    pub arn: String,
    /// Whether the secret is set up for rotation.
    pub is_rotated: bool,
    /// The version that is labelled `AWSCURRENT`.
    pub current: Option<String>,
    /// The version that is labelled `AWSPENDING`.
    pub pending: Option<String>,
}

/// Rotation as Secrets Manager does it: a pending version is created, given a value, and made current.
impl SecretsManager {
    /// The versions of a secret; `None` when there is no such secret.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn versions(&self, name: &SecretName) -> Result<Option<SecretVersions>, StoreError> {
        let described = self
            .client
            .describe_secret()
            .secret_id(name.under(&self.prefix))
            .send()
            .await;
        let described = match described {
            Ok(described) => described,
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(DescribeSecretError::ResourceNotFoundException(_))
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(store_error(error)),
        };
        let stages = described.version_ids_to_stages.unwrap_or_default();
        let labelled = |label: &str| {
            let mut versions = stages.iter();
            let version = versions.find(|(_, labels)| labels.iter().any(|other| other == label));
            version.map(|(id, _)| id.clone())
        };
        Ok(Some(SecretVersions {
            arn: described.arn.unwrap_or_default(),
            is_rotated: described.rotation_enabled.unwrap_or_default(),
            current: labelled(CURRENT),
            pending: labelled(PENDING),
        }))
    }

    /// Gives the pending version its value. One that has a value keeps it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_pending(
        &self,
        name: &SecretName,
        version_id: &str,
        value: &SecretString,
    ) -> Result<(), StoreError> {
        let put = self
            .client
            .put_secret_value()
            .secret_id(name.under(&self.prefix))
            .client_request_token(version_id)
            .version_stages(PENDING)
            .secret_string(value.expose_secret())
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            // Another attempt has given it a value.
            Err(error)
                if matches!(
                    error.as_service_error(),
                    Some(PutSecretValueError::ResourceExistsException(_))
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(store_error(error)),
        }
    }

    /// Makes a version current instead of `before`, which must be the current one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn make_current(
        &self,
        name: &SecretName,
        version_id: &str,
        before: Option<&str>,
    ) -> Result<(), StoreError> {
        self.client
            .update_secret_version_stage()
            .secret_id(name.under(&self.prefix))
            .version_stage(CURRENT)
            .move_to_version_id(version_id)
            .set_remove_from_version_id(before.map(ToOwned::to_owned))
            .send()
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
