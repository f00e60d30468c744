//! The callback of an app in a corporation, which has the URL, Token and EncodingAESKey of its suite.

use super::{
    Control, ControlError,
    callbacks::{copies, deliver_all, messages},
    requests::{AppEventRequest, EventRequest},
    suite::NO_URL,
    views::DeliveriesView,
};
use crate::{callback_client::OutgoingEvent, delivery::DeliveryInfo, events, world::corporation::Scope};

impl Control {
    /// Sends events of a corporation to the callback of its app.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL, or when the app is not installed there; [`ControlError::UnknownCorporation`],
    /// [`ControlError::Unknown`] for an event that the catalogue does not have, [`ControlError::Invalid`] for an unknown suite or a request
    /// that names both or neither of `event` and `xml`.
    pub async fn send_app_events(&self, request: &AppEventRequest) -> Result<DeliveriesView, ControlError> {
        let which = self.which(request.suite_id.as_deref())?;
        let count = copies(request.copies)?;
        let corp_id = self.corp_id(&request.corp_id)?;
        let (url, named, now) = self.shared.look(|world, now| {
            let corporation = world.corporation(&corp_id).ok_or(ControlError::UnknownCorporation)?;
            if corporation.installed(&which).is_none() {
                return Err(ControlError::NotReady("the app is not installed there"));
            }
            let named = if request.plaintext {
                corporation.corp_id.clone()
            } else {
                corporation.open_corp_id.clone()
            };
            Ok((world.side_now(&which).callback_url.ok_or(NO_URL)?, named, now))
        })?;
        let wanted = EventRequest {
            event: request.event.clone(),
            xml: request.xml.clone(),
            ..EventRequest::default()
        };
        let is_of_contacts = request
            .event
            .as_deref()
            .is_some_and(|name| events::find(Scope::Contacts, name).is_some());
        let scope = if is_of_contacts {
            Scope::Contacts
        } else {
            Scope::ExternalContacts
        };
        let events = messages(scope, &named, now, count, &wanted)?
            .into_iter()
            .map(|message| OutgoingEvent {
                url: url.clone(),
                credentials: self.shared.suites.of(&which).credentials.clone(),
                receive_id: named.clone(),
                message,
                limit: self.shared.limits.delivery,
                pause: self.shared.limits.redelivery_pause,
                wants_success: false,
                spoil: None,
            })
            .collect();
        let label = DeliveryInfo {
            at: now,
            corp_id: Some(corp_id),
            to: "app",
            event: events::label(request.event.as_deref(), request.xml.as_deref()),
        };
        let deliveries = deliver_all(&self.shared, events, &label, false).await;
        Ok(DeliveriesView {
            deliveries,
            auth_code: None,
        })
    }
}
