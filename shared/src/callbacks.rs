//! Callbacks of corporations: authentication of what arrives, and issue of the credentials.

mod authenticate;
mod credentials;
mod memory;
mod message;

pub use self::{
    authenticate::Authenticator, credentials::GeneratedCredentials, memory::CallbackMemory, message::TEST_EVENT,
};
pub(crate) use self::{
    authenticate::Source,
    credentials::CredentialIssuer,
    message::{SELF_TEST, content, echo, open, refuse_outdated, wecom_time},
};
