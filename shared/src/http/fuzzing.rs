//! Entry points of the fuzz targets `body` and `cursor` (fuzz/), which read what is private to this module.

use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    Request,
    assist::AssistLinkRequest,
    audit::AuditQuery,
    credentials::CredentialsRequest,
    events::EventsQuery,
    installation::{InstallationConfirmation, InstallationRequest},
    operators::TenantsQuery,
    page::Cursor,
    request::Nothing,
    secret::SecretEntry,
    settings::SettingsEntry,
    test::TestRequest,
};

/// Reads `text` as the body and as the query of each route of admins and operators.
///
/// # Panics
/// When a refusal is not a client error.
pub fn read_as_every_request(text: &str) {
    fn refused<T>(read: Result<T, super::Problem>) {
        if let Err(problem) = read {
            let status = problem.into_response("fuzzing").status();
            assert!(status.is_client_error(), "{status}");
        }
    }
    fn body<T: DeserializeOwned>(request: &Request) {
        refused(request.json::<T>());
        refused(request.json_if_any::<T>());
    }
    let event = json!({
        "rawQueryString": text, "body": text, "headers": {"content-type": "application/json"},
    });
    let request: Request = serde_json::from_value(event).expect("the event has the form of API Gateway's");
    body::<AssistLinkRequest>(&request);
    body::<CredentialsRequest>(&request);
    body::<InstallationRequest>(&request);
    body::<InstallationConfirmation>(&request);
    body::<SecretEntry>(&request);
    body::<SettingsEntry>(&request);
    body::<TestRequest>(&request);
    body::<Nothing>(&request);
    refused(request.query::<AuditQuery>());
    refused(request.query::<EventsQuery>());
    refused(request.query::<TenantsQuery>());
}

/// Reads `place` behind a right hash, and `cursor` as a client can send it.
///
/// # Panics
/// When a cursor that was taken is not written as it was read, or when a place is not read as it was written.
pub fn read_as_cursor(place: &str, cursor: &str) {
    let query = Cursor::new("fuzzing", None, &());
    if let Ok(Some(position)) = query.read(Some(&query.write_text(place))) {
        assert_eq!(position.as_str(), place);
    }
    if let Ok(Some(position)) = query.read(Some(cursor)) {
        assert_eq!(query.write(&position), cursor);
    }
    let written = query.write_place(place);
    assert!(matches!(query.read_place(Some(&written)), Ok(Some(read)) if read == place));
    if let Ok(Some(read)) = query.read_place(Some(cursor)) {
        assert_eq!(query.write_place(&read), cursor);
    }
}
