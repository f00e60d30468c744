//! Everything that a process shares between requests: configuration, stores, WeCom, clock.

use std::{collections::BTreeMap, future::Future, sync::OnceLock};

use aws_types::SdkConfig;
use wecom_client::{Client, ClientConfig};

use crate::{
    audit::Actor,
    callbacks::{Authenticator, CallbackMemory},
    clock::{Clock, SystemClock},
    config::Config,
    context::Context,
    entropy::{Entropy, SystemEntropy},
    event_bus::EventBus,
    lifecycle::{Export, Import, Lifecycle, Termination},
    queue::Queue,
    sealing::SealingKeys,
    store::{DynamoDb, SecretsManager, SuiteVault},
    suite::{OpenCorpIds, SuiteAccess, Tokens},
    webhook::CachedSecrets,
};

/// Everything that a function may use. WeCom's client, which is costly to build, is built on first use.
pub struct Platform {
    /// The settings of the deployment.
    pub config: Config,
    /// The tables of states and events.
    pub store: DynamoDb,
    /// The event bus; `None`: nothing is published.
    pub event_bus: Option<EventBus>,
    /// The tenants' secrets, in Secrets Manager.
    pub vault: SecretsManager,
    /// The suites' own secrets, cached.
    pub suite_vault: SuiteVault,
    /// The memory of this process for the ids of corporations.
    pub open_corp_ids: OpenCorpIds,
    /// The keys that callback credentials, tickets and tokens are sealed under, cached.
    pub keys: SealingKeys,
    /// The memory of this process for callbacks.
    pub memory: CallbackMemory,
    /// The source of the time; tests replace it.
    pub clock: Box<dyn Clock>,
    /// The source of randomness; tests replace it.
    pub entropy: Box<dyn Entropy>,
    /// The callback domains that lead to this machine, which has no DNS for them; `None`: DNS decides. `local` and tests set it.
    pub known_domains: Option<Vec<String>>,
    /// The secrets that webhooks are signed with, cached.
    pub webhook_secrets: CachedSecrets,
    /// Whether webhooks may go to this machine and over plain http; `local` and tests set it.
    pub local_webhooks: bool,
    aws: SdkConfig,
    event_queue: OnceLock<Queue>,
    webhook_queue: OnceLock<Queue>,
    wecom: OnceLock<Client>,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Platform")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl Platform {
    /// Uses `aws` as it is configured.
    #[must_use]
    pub fn new(config: Config, aws: &SdkConfig) -> Self {
        let store = DynamoDb::of(
            aws,
            config.authorization_table.clone(),
            config.event_table.clone(),
            config.event_retention,
        );
        let bus = config.event_bus.clone();
        let event_bus = bus.map(|name| EventBus::new(aws_sdk_eventbridge::Client::new(aws), name));
        let vault = SecretsManager::new(aws_sdk_secretsmanager::Client::new(aws), config.secret_prefix.clone())
            .encrypting_under(config.secret_key_arn.clone());
        Self {
            suite_vault: SuiteVault::new(vault.clone()).with_others(&config.more_suite_ids),
            config,
            store,
            event_bus,
            open_corp_ids: OpenCorpIds::default(),
            keys: SealingKeys::new(vault.clone()),
            vault,
            memory: CallbackMemory::default(),
            clock: Box::new(SystemClock),
            entropy: Box::new(SystemEntropy),
            known_domains: None,
            webhook_secrets: CachedSecrets::default(),
            local_webhooks: false,
            aws: aws.clone(),
            event_queue: OnceLock::new(),
            webhook_queue: OnceLock::new(),
            wecom: OnceLock::new(),
        }
    }

    /// WeCom. Only functions that call it pay for its client and trust roots.
    ///
    /// # Panics
    /// When the TLS provider refuses TLS 1.2 and 1.3, which it is built with.
    pub fn wecom(&self) -> &Client {
        self.wecom.get_or_init(|| {
            Client::new(ClientConfig::new(self.config.wecom_api_url.clone())).expect("ring speaks TLS 1.2 and 1.3")
        })
    }

    /// The FIFO queue that events are sent to as well, if there is one. Only the function that publishes pays for its client.
    pub fn event_queue(&self) -> Option<&Queue> {
        let url = self.config.event_queue_url.as_ref()?;
        Some(self.event_queue.get_or_init(|| Queue::new(&self.aws, url.clone())))
    }

    /// The queue that webhooks wait in, if there is one. Only the function that delivers them pays for its client.
    pub fn webhook_queue(&self) -> Option<&Queue> {
        let url = self.config.webhook_queue_url.as_ref()?;
        Some(self.webhook_queue.get_or_init(|| Queue::new(&self.aws, url.clone())))
    }

    /// The queues of what was given up, by the name that operators see.
    #[must_use]
    pub fn dead_letters(&self) -> BTreeMap<&str, Queue> {
        let urls = self.config.dead_letter_queue_urls.iter();
        urls.map(|(name, url)| (name.as_str(), Queue::new(&self.aws, url.clone())))
            .collect()
    }

    /// The context of an operation of `actor`.
    #[must_use]
    pub fn context<'a>(&'a self, actor: &'a Actor) -> Context<'a> {
        Context {
            actor,
            clock: &*self.clock,
            entropy: &*self.entropy,
        }
    }

    /// Suite tickets and access tokens.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens {
            store: &self.store,
            keys: &self.keys,
            entropy: &*self.entropy,
        }
    }

    /// WeCom, called as the suite.
    pub fn suite(&self) -> SuiteAccess<'_> {
        SuiteAccess {
            store: &self.store,
            tokens: self.tokens(),
            vault: &self.suite_vault,
            wecom: self.wecom(),
        }
    }

    /// Service that ends authorizations, as this deployment is configured.
    #[must_use]
    pub fn termination(&self) -> Termination<'_> {
        Termination {
            store: &self.store,
            vault: &self.vault,
            delete_events: self.config.delete_events_on_disconnect,
            cleans_up: true,
        }
    }

    /// Service that renews, refreshes and ends authorizations.
    pub fn lifecycle(&self) -> Lifecycle<'_> {
        Lifecycle {
            suite: self.suite(),
            termination: self.termination(),
        }
    }

    /// Service that imports bindings.
    pub fn import(&self) -> Import<'_> {
        Import {
            suite: self.suite(),
            vault: &self.vault,
            keys: &self.keys,
            open_corp_ids: &self.open_corp_ids,
            id_check: self.config.callback_id_check,
        }
    }

    /// Service that exports bindings.
    #[must_use]
    pub fn export(&self) -> Export<'_> {
        Export {
            store: &self.store,
            vault: &self.vault,
            keys: &self.keys,
        }
    }

    /// Authenticator of requests to callbacks.
    #[must_use]
    pub fn authenticator<'a>(&'a self, source_ip: Option<&'a str>) -> Authenticator<'a> {
        Authenticator {
            store: (&self.store).into(),
            keys: &self.keys,
            memory: &self.memory,
            id_check: self.config.callback_id_check,
            source_ip,
        }
    }

    /// Loads what `event-callback` will need: the sealing keys, and a connection to the tables, side by side.
    pub async fn prepare_event_callback(&self) {
        tokio::join!(
            prepared("the sealing keys", self.keys.warm_up(self.clock.now())),
            prepared("the connection to the tables", self.store.connect()),
        );
    }

    /// Loads what `suite-callback` will need: the first suite's secret, the sealing keys, and a connection to the tables, side
    /// by side.
    pub async fn prepare_suite_callback(&self) {
        tokio::join!(
            prepared("the sealing keys", self.keys.warm_up(self.clock.now())),
            prepared("the suite's secret", self.suite_vault.suite(self.clock.now())),
            prepared("the connection to the tables", self.store.connect()),
        );
    }
}

/// Waits for something that is fetched during start-up, before a request is waiting. A failure is logged only: the
/// first request tries again, and answers 503 if that fails, too.
async fn prepared<T, E: std::fmt::Display>(what: &str, fetched: impl Future<Output = Result<T, E>>) {
    if let Err(error) = fetched.await {
        tracing::error!(error = %error, "not ready after start-up: {what}");
    }
}
