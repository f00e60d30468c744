//! The use cases, one file each: input, outcome, `run`. No HTTP type and no AWS type appears here; a step's bounds name the
//! ports it may touch.

mod breaker;
mod callback_memory;
mod check_health;
mod complete_authorization;
mod count_events;
mod disconnect;
mod error;
mod event_callback;
mod exchange;
mod generate_credentials;
mod installation_callback;
mod issue_access_token;
mod occasion;
mod process_suite_event;
mod read_authorization;
mod register_secret;
mod replay_event;
mod rotate_sealing_key;
mod secret_kind;
mod start_installation;
mod suite_access;
mod suite_callback;
mod test_callback;
mod update_settings;

use self::occasion::{announcements, audited, removed_callback, saved, saved_callback};
pub use self::{
    callback_memory::CallbackMemory,
    check_health::{CheckHealth, HealthRun},
    complete_authorization::CompleteAuthorization,
    count_events::{CountStoredEvents, EventChange},
    disconnect::Disconnect,
    error::{FieldError, SecretKind, StepError},
    event_callback::{ReceiveEvent, VerifyUrl},
    generate_credentials::{GenerateCredentials, GeneratedCredentials, ShowCredentials},
    installation_callback::{AUTH_CODE_LIFETIME, FinishInstallation, Redirect},
    issue_access_token::{IssueAccessToken, IssuedToken, TokenKind},
    occasion::Occasion,
    process_suite_event::{ProcessSuiteEvent, SuiteEvent},
    read_authorization::{ReadAuthorization, ReadEvents},
    register_secret::{RegisterSecret, RegisteredScope, SecretInput},
    replay_event::ReplayEvent,
    rotate_sealing_key::{RotateSealingKey, RotationStep},
    start_installation::{InstallLink, OpenInstallLink, OpenedLink, StartInstallation},
    suite_access::SuiteAccess,
    suite_callback::{ReceiveSuiteEvent, VerifySuiteUrl},
    test_callback::{TEST_EVENT, TestCallback, TestFinding, TestReport},
    update_settings::UpdateSettings,
};
