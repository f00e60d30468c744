//! The use cases, one file each: input, outcome, `run`. No HTTP type and no AWS type appears here; a step's bounds name the
//! ports it may touch.

mod complete_authorization;
mod count_events;
mod error;
mod event_callback;
mod exchange;
mod generate_credentials;
mod installation_callback;
mod process_suite_event;
mod read_authorization;
mod register_secret;
mod start_installation;
mod suite_access;
mod suite_callback;
mod update_settings;

pub use self::{
    complete_authorization::CompleteAuthorization,
    count_events::{CountStoredEvents, EventChange},
    error::{FieldError, SecretKind, StepError},
    event_callback::{CallbackMemory, ReceiveEvent, VerifyUrl},
    generate_credentials::{GenerateCredentials, GeneratedCredentials, ShowCredentials},
    installation_callback::{FinishInstallation, Redirect},
    process_suite_event::{ProcessSuiteEvent, SuiteEvent},
    read_authorization::{ReadAuthorization, ReadEvents},
    register_secret::{RegisterSecret, RegisteredScope, SecretInput},
    start_installation::{InstallLink, OpenInstallLink, OpenedLink, StartInstallation},
    suite_access::SuiteAccess,
    suite_callback::{ReceiveSuiteEvent, VerifySuiteUrl},
    update_settings::UpdateSettings,
};
