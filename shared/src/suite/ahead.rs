//! What a look at a tenant reads of the tables before it asks WeCom, read in one call.

use super::{access::SuiteAccess, secret_check::probe_api, tokens::Tokens};
use crate::{
    authorization::{Authorization, SecretStatus},
    clock::Clock,
    error::StepError,
    ids::{BreakerName, Scope, TokenName},
    store::DynamoDb,
};

impl SuiteAccess<'_> {
    /// The tables, with the callbacks of an authorization, and the tokens and circuit breakers of the calls that a look makes, read
    /// ahead ([`DynamoDb::read_ahead`]). What is missing among them is read when it is needed.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn read_ahead(
        &self,
        authorization: &Authorization,
        clock: &dyn Clock,
    ) -> Result<DynamoDb, StepError> {
        let (mut tokens, mut breakers) = (Vec::new(), Vec::new());
        if let Some(installation) = authorization.present() {
            let suite = self.suite(installation.suite_id.as_ref(), clock).await?;
            tokens.push(TokenName::suite(&suite.suite_id));
            breakers.push(BreakerName::suite(&suite.suite_id));
            if installation.is_customized {
                tokens.push(TokenName::provider(&suite.provider_corp_id));
                breakers.push(BreakerName::provider());
                let corp = |api| BreakerName::corp(installation.corp_id.as_str(), api);
                breakers.extend(["gettoken", "agent/get", "agent/get_permissions"].map(corp));
            }
        }
        for scope in Scope::ALL {
            let secret = authorization.scope(scope).secret.as_ref();
            if let Some(asked) = secret.filter(|secret| secret.status != SecretStatus::Rejected) {
                let corp = |api| BreakerName::corp(asked.corp_id.as_str(), api);
                breakers.extend(["gettoken", probe_api(scope)].map(corp));
            }
        }
        let callbacks: Vec<_> = Scope::ALL
            .into_iter()
            .filter_map(|scope| authorization.scope(scope).callback_id.as_ref())
            .collect();
        Ok(self.store.read_ahead(&callbacks, &tokens, &breakers).await?)
    }
}

impl<'a> SuiteAccess<'a> {
    /// The same access with these tables.
    pub(crate) fn with_store(self, store: &'a DynamoDb) -> Self {
        Self {
            store,
            tokens: Tokens { store, ..self.tokens },
            ..self
        }
    }
}
