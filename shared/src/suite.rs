//! Calls to WeCom as the suite (the app of the provider): access tokens, circuit breaker, exchange of auth_codes, checks of
//! Secrets.

mod access;
mod ahead;
mod breaker;
mod call_error;
mod exchange;
mod licence;
mod notice;
mod open_corp_ids;
mod secret_check;
mod tokens;

pub use self::{
    access::SuiteAccess,
    open_corp_ids::OpenCorpIds,
    tokens::{CachedToken, Tokens},
};
pub(crate) use self::{
    call_error::CallError,
    exchange::{StoredInstallation, installation},
    notice::in_envelope,
    secret_check::{Observation, SecretToCheck, WRONG_SECRET, registered_secret},
    tokens::event_place,
};
