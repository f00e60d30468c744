//! The use cases, one file each: input, outcome, `run`. No HTTP type and no AWS type appears here, and no step uses another:
//! what several need is in `callbacks`, `suite`, `lifecycle` or below.

mod act_on_tenant;
mod add_binding;
mod assign_claim;
mod check_authorization;
mod check_health;
mod complete_authorization;
mod confirm_installation;
mod deliver_webhooks;
mod disconnect;
mod export_bindings;
mod find_person;
mod finish_installation;
mod generate_credentials;
mod import_bindings;
mod issue_access_token;
mod list_tenant;
mod process_suite_event;
mod publish_events;
mod read_authorization;
mod read_tenants;
mod receive_event;
mod receive_suite_event;
mod reconcile_secrets;
mod register_secret;
mod replay_event;
mod replay_events;
mod rotate_sealing_key;
mod run_replays;
mod share_credentials;
mod start_installation;
mod test_callback;
mod update_settings;
mod verify_url;

pub use self::{
    act_on_tenant::ActOnTenant,
    add_binding::AddBinding,
    assign_claim::AssignClaim,
    check_authorization::CheckAuthorization,
    check_health::{CheckHealth, HealthRun},
    complete_authorization::CompleteAuthorization,
    confirm_installation::ConfirmInstallation,
    deliver_webhooks::{DeliverWebhooks, RETRY_AFTER_SECONDS, retry_after},
    disconnect::Disconnect,
    export_bindings::{ExportBindings, ExportPage, Exported},
    find_person::{FindPerson, Found, PersonDeletion},
    finish_installation::{FinishInstallation, Redirect},
    generate_credentials::{GenerateCredentials, ShowCredentials},
    import_bindings::{ImportBindings, LineOutcome, LineReport},
    issue_access_token::{IssueAccessToken, TokenKind},
    list_tenant::ListTenant,
    process_suite_event::ProcessSuiteEvent,
    publish_events::StoredEvent,
    read_authorization::{ReadAuthorization, ReadBindings, ReadEvents},
    read_tenants::{ReadTenants, Summary, Tenant},
    receive_event::ReceiveEvent,
    receive_suite_event::{ReceiveSuiteEvent, SuiteCallback, VerifySuiteUrl},
    reconcile_secrets::{ReconcileRun, ReconcileSecrets},
    register_secret::{RegisterSecret, RegisteredScope, SecretInput},
    replay_event::ReplayEvent,
    replay_events::ReplayEvents,
    rotate_sealing_key::{RotateSealingKey, RotationStep},
    run_replays::{ReplayRun, RunReplays},
    share_credentials::{AssistStatus, CreateAssistLink, OpenAssistLink, OpenedAssistLink, RevokeAssistLink},
    start_installation::{OpenInstallLink, OpenedLink, StartInstallation, StartedInstallation},
    test_callback::{TestCallback, TestFinding, TestReport},
    update_settings::{Choice, ChosenSettings, UpdateSettings},
    verify_url::VerifyUrl,
};
#[cfg(feature = "contract")]
pub(crate) use self::{
    register_secret::CORP_ID_NEEDED, replay_events::UNTIL_IS_NOT_LATER, update_settings::NOT_A_DOMAIN,
};
