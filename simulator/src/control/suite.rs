//! The suite's command callback: its URL, tickets, and what happens to authorizations.

use url::Url;

use super::callbacks::{copies, deliver_all};
use super::requests::SuiteEventRequest;
use super::views::DeliveriesView;
use super::{Control, ControlError};
use crate::api::Scene;
use crate::courier::{Parcel, Question};
use crate::delivery::{CheckOutcome, Delivery, Label};
use crate::events;
use crate::events::suite::{Particulars, authorization};
use crate::tickets;
use crate::world::corporation::{AuthMode, Installation};

const NO_URL: ControlError = ControlError::NotReady("the suite's callback URL is not set yet");

impl Control {
    /// Sets where the suite's events go. A ticket is pushed there at once, and again until one is accepted.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a URL that is not http or https.
    pub fn set_suite_callback_url(&self, url: Url) -> Result<(), ControlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ControlError::Invalid("an http or https URL".to_owned()));
        }
        self.hub.change(|scene| {
            scene.world.suite.callback_url = Some(url);
            scene.world.suite.ticket_accepted_at = None;
        });
        self.hub.ticket_due.notify_one();
        Ok(())
    }

    /// Checks the suite's callback URL as the provider's console does: encrypted for the provider's corporation.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL.
    pub async fn check_suite_callback(&self) -> Result<CheckOutcome, ControlError> {
        let url = self
            .hub
            .look(|world, _| world.suite.callback_url.clone())
            .ok_or(NO_URL)?;
        let plaintext = self.hub.echo_text();
        let question = Question {
            url: &url,
            credentials: &self.hub.suite_credentials,
            receive_id: &self.hub.suite.provider_corp_id,
            plaintext: &plaintext,
            limit: self.hub.limits.url_check,
        };
        let outcome = self.hub.courier.check(&question, &self.hub.stamp()).await;
        self.hub
            .change(|scene| scene.world.suite.last_check = Some(outcome.clone()));
        Ok(outcome)
    }

    /// Pushes a fresh suite ticket now.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL.
    pub async fn push_ticket(&self) -> Result<Delivery, ControlError> {
        tickets::push(&self.hub).await.ok_or(NO_URL)
    }

    /// Makes an authorization begin, change or end, and says so to the suite.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL, or when the event needs an installed app and there is none;
    /// [`ControlError::Invalid`] for a request that says too little.
    pub async fn send_suite_event(&self, request: &SuiteEventRequest) -> Result<DeliveriesView, ControlError> {
        let copies = copies(request.copies)?;
        let url = self
            .hub
            .look(|world, _| world.suite.callback_url.clone())
            .ok_or(NO_URL)?;
        if request.event.as_deref() == Some("suite_ticket") && request.xml.is_none() {
            let delivery = self.push_ticket().await?;
            return Ok(DeliveriesView {
                deliveries: vec![delivery],
                auth_code: None,
            });
        }
        let drawn_up = self.hub.change(|scene| draw_up(scene, request))?;
        if request.silent {
            return Ok(DeliveriesView {
                deliveries: Vec::new(),
                auth_code: drawn_up.auth_code,
            });
        }
        let parcel = Parcel {
            url,
            credentials: self.hub.suite_credentials.clone(),
            receive_id: self.hub.suite.suite_id.clone(),
            message: drawn_up.message,
            limit: self.hub.limits.authorization_event,
            pause: self.hub.limits.redelivery_pause,
            wants_success: true,
            spoil: request.spoil,
        };
        let label = Label {
            at: self.hub.now(),
            corp_id: drawn_up.corp_id,
            to: "suite",
            event: events::label(request.event.as_deref(), request.xml.as_deref()),
        };
        let parcels = vec![parcel; copies];
        let deliveries = deliver_all(&self.hub, parcels, &label, request.concurrent).await;
        Ok(DeliveriesView {
            deliveries,
            auth_code: drawn_up.auth_code,
        })
    }
}

struct DrawnUp {
    message: String,
    corp_id: Option<String>,
    auth_code: Option<String>,
}

/// Makes the change that the event tells of, and writes the event.
fn draw_up(scene: &mut Scene<'_>, request: &SuiteEventRequest) -> Result<DrawnUp, ControlError> {
    let event = match (&request.event, &request.xml) {
        (None, Some(xml)) => {
            return Ok(DrawnUp {
                message: xml.clone(),
                corp_id: None,
                auth_code: None,
            });
        }
        (Some(event), None) => event.as_str(),
        _ => return Err(ControlError::Invalid("either event or xml".to_owned())),
    };
    let corp_id = request
        .corp_id
        .as_deref()
        .ok_or_else(|| ControlError::Invalid("which corp_id".to_owned()))?;
    let corporation = scene
        .world
        .corporation(corp_id)
        .ok_or(ControlError::UnknownCorporation)?;
    let (corp_id, open_corp_id) = (corporation.corp_id.clone(), corporation.open_corp_id.clone());

    let mut code = None;
    let mut about = Particulars::default();
    match event {
        "create_auth" => {
            let auth_mode = request.auth_mode.unwrap_or_default();
            code = Some(
                scene
                    .world
                    .new_auth_code(&corp_id, auth_mode, false, scene.now, scene.entropy),
            );
            about.state = request.state.as_deref();
            about.extra_info = true;
        }
        "change_auth" => {
            let installation = installation(scene, &corp_id)?;
            installation.auth_mode = request.auth_mode.unwrap_or(installation.auth_mode);
            if let Some(departments) = &request.visible_departments {
                installation.visible_departments.clone_from(departments);
            }
            about.auth_corp_id = Some(&open_corp_id);
            about.state = Some(request.state.as_deref().unwrap_or_default());
            about.extra_info = true;
        }
        "cancel_auth" => {
            installation(scene, &corp_id)?.removed = true;
            about.auth_corp_id = Some(&open_corp_id);
        }
        "reset_permanent_code" => {
            installation(scene, &corp_id)?;
            code = Some(
                scene
                    .world
                    .new_auth_code(&corp_id, AuthMode::Admin, true, scene.now, scene.entropy),
            );
        }
        _ => about.auth_corp_id = Some(&open_corp_id),
    }
    about.auth_code = code.as_deref();
    let message = authorization(&scene.suite.suite_id, event, scene.now, &about);
    Ok(DrawnUp {
        message,
        corp_id: Some(corp_id),
        auth_code: code,
    })
}

/// What must be there to be changed.
fn installation<'a>(scene: &'a mut Scene<'_>, corp_id: &str) -> Result<&'a mut Installation, ControlError> {
    scene
        .world
        .corporation_mut(corp_id)
        .ok_or(ControlError::UnknownCorporation)?
        .installation
        .as_mut()
        .filter(|installation| !installation.removed)
        .ok_or(ControlError::NotReady("the app is not installed there"))
}
