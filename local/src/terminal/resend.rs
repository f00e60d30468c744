//! `resend`: the replay of one event, as an admin asks for it.

use reqwest::Method;
use wecom_authorization::ids::EventId;

use super::{
    CommandError, say,
    server::{Server, sent},
};

#[derive(Debug, Clone, clap::Args)]
pub struct Resend {
    /// Id of the event, as `listen` shows it
    pub event_id: String,
}

impl Resend {
    pub(super) async fn run(&self, server: &Server) -> Result<(), CommandError> {
        let Ok(id) = EventId::parse(&self.event_id) else {
            return Err(CommandError::Unknown(
                "an event id has 32 hexadecimal digits".to_owned(),
            ));
        };
        let announcement = &server.announcement;
        let url = format!("{}/authorization/events/{id}/replay", announcement.base_url);
        // An event of the second tenant is unknown to the first.
        for token in [&announcement.admin_token, &announcement.second_tenant.admin_token] {
            match sent(server.request(Method::POST, &url).bearer_auth(token)).await {
                Err(CommandError::Refused { status: 404, .. }) => {}
                outcome => {
                    outcome?;
                    say(&format!("{id} is published again"));
                    return Ok(());
                }
            }
        }
        Err(CommandError::Unknown(format!("no tenant has an event {id}")))
    }
}
