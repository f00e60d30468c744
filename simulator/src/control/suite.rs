//! The suite's command callback: URL, tickets and authorization events.

use url::Url;

use super::{
    Control, ControlError,
    callbacks::{copies, deliver_all},
    requests::{ScanRequest, SuiteEventRequest},
    views::DeliveriesView,
};
use crate::{
    api::Context,
    callback_client::{OutgoingEvent, UrlCheck},
    delivery::{CheckOutcome, Delivery, DeliveryInfo},
    events,
    events::suite::{Particulars, authorization},
    scan, tickets,
    world::{
        Which,
        corporation::{AuthMode, Installation},
    },
};

pub(super) const NO_URL: ControlError = ControlError::NotReady("the suite's callback URL is not set yet");

impl Control {
    /// Sets the suite's callback URL. A ticket is pushed to it at once, and again until one is accepted.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a URL that is not http or https.
    pub fn set_suite_callback_url(&self, url: Url) -> Result<(), ControlError> {
        self.set_callback_url(&Which::FIRST, url)
    }

    /// [`Self::set_suite_callback_url`] of the suite with this id.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a URL that is not http or https, or an unknown suite.
    pub fn set_callback_url_of_suite(&self, suite_id: &str, url: Url) -> Result<(), ControlError> {
        self.set_callback_url(&self.which(Some(suite_id))?, url)
    }

    pub(super) fn which(&self, suite_id: Option<&str>) -> Result<Which, ControlError> {
        let Some(suite_id) = suite_id else {
            return Ok(Which::FIRST);
        };
        let known = self.shared.suites.by_id(suite_id);
        let unknown = || ControlError::Invalid("the id of a suite".to_owned());
        known.map(|(which, _)| which).ok_or_else(unknown)
    }

    fn set_callback_url(&self, which: &Which, url: Url) -> Result<(), ControlError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(ControlError::Invalid("an http or https URL".to_owned()));
        }
        self.shared.change(|context| {
            let side = context.world.side(which);
            side.callback_url = Some(url);
            side.ticket_accepted_at = None;
        });
        self.shared.suites.of(which).ticket_due.notify_one();
        Ok(())
    }

    /// Checks the suite's callback URL as the provider's console does: encrypted for the provider's corporation.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL.
    pub async fn check_suite_callback(&self) -> Result<CheckOutcome, ControlError> {
        let url = self
            .shared
            .look(|world, _| world.suite.callback_url.clone())
            .ok_or(NO_URL)?;
        let plaintext = self.shared.echo_text();
        let check = UrlCheck {
            url: &url,
            credentials: &self.shared.suites.first.credentials,
            receive_id: &self.shared.suites.first.suite.provider_corp_id,
            plaintext: &plaintext,
            limit: self.shared.limits.url_check,
        };
        let outcome = self.shared.callback_client.check(&check, &self.shared.stamp()).await;
        self.shared
            .change(|context| context.world.suite.last_check = Some(outcome.clone()));
        Ok(outcome)
    }

    /// Pushes a new suite ticket.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL.
    pub async fn push_ticket(&self) -> Result<Delivery, ControlError> {
        tickets::push(&self.shared, &Which::FIRST).await.ok_or(NO_URL)
    }

    /// Creates, changes or cancels an authorization, and sends the event to the suite.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] without a URL, or when the event needs an installed app and there is none;
    /// [`ControlError::Invalid`] for a request that is incomplete.
    pub async fn send_suite_event(&self, request: &SuiteEventRequest) -> Result<DeliveriesView, ControlError> {
        let copies = copies(request.copies)?;
        let which = self.which(request.suite_id.as_deref())?;
        let url = self
            .shared
            .look(|world, _| world.side_now(&which).callback_url)
            .ok_or(NO_URL)?;
        if request.event.as_deref() == Some("suite_ticket") && request.xml.is_none() {
            let delivery = tickets::push(&self.shared, &which).await.ok_or(NO_URL)?;
            return Ok(DeliveriesView {
                deliveries: vec![delivery],
                auth_code: None,
            });
        }
        let drawn_up = self.shared.change(|context| draw_up(context, &which, request))?;
        if request.silent {
            return Ok(DeliveriesView {
                deliveries: Vec::new(),
                auth_code: drawn_up.auth_code,
            });
        }
        let event = OutgoingEvent {
            spoil: request.spoil,
            ..self.suite_event(&which, url, drawn_up.message)
        };
        let label = DeliveryInfo {
            at: self.shared.now(),
            corp_id: drawn_up.corp_id,
            to: "suite",
            event: events::label(request.event.as_deref(), request.xml.as_deref()),
        };
        let events = vec![event; copies];
        let deliveries = deliver_all(&self.shared, events, &label, request.concurrent).await;
        Ok(DeliveriesView {
            deliveries,
            auth_code: drawn_up.auth_code,
        })
    }

    /// Scans a QR code of templates as an administrator, confirms, and sends each template its `create_auth`. The answer has the
    /// auth code of the last one.
    ///
    /// # Errors
    /// [`ControlError::Invalid`] for a QR code that WeCom would refuse, [`ControlError::UnknownCorporation`], or
    /// [`ControlError::NotReady`] without a URL.
    pub async fn scan(&self, request: &ScanRequest) -> Result<DeliveriesView, ControlError> {
        let copies = copies(request.copies)?;
        let confirmed = self.shared.change(|context| {
            let code = scan::code_in(&request.text)?;
            let qr_code = scan::valid(context, &code)?;
            let known = context.world.corporation(&request.corp_id);
            let corp_id = known.map(|corporation| corporation.corp_id.clone());
            let codes = corp_id.map(|corp_id| scan::confirm(context, &qr_code, &corp_id));
            Ok((qr_code.state, codes))
        });
        let (state, codes) = confirmed.map_err(|fault: scan::QrFault| ControlError::Invalid(fault.to_string()))?;
        let mut answer = DeliveriesView {
            deliveries: Vec::new(),
            auth_code: None,
        };
        for (which, auth_code) in codes.ok_or(ControlError::UnknownCorporation)? {
            let about = Particulars {
                auth_code: Some(&auth_code),
                state: Some(&state),
                extra_info: true,
                ..Particulars::default()
            };
            let suite_id = &self.shared.suites.of(&which).suite.suite_id;
            let message = authorization(suite_id, "create_auth", self.shared.now(), &about);
            if !request.silent {
                let url = self.shared.look(|world, _| world.side_now(&which).callback_url);
                let event = self.suite_event(&which, url.ok_or(NO_URL)?, message);
                let label = DeliveryInfo {
                    at: self.shared.now(),
                    corp_id: Some(request.corp_id.clone()),
                    to: "suite",
                    event: "create_auth".to_owned(),
                };
                let sent = deliver_all(&self.shared, vec![event; copies], &label, request.concurrent).await;
                answer.deliveries.extend(sent);
            }
            answer.auth_code = Some(auth_code);
        }
        Ok(answer)
    }

    fn suite_event(&self, which: &Which, url: Url, message: String) -> OutgoingEvent {
        OutgoingEvent {
            url,
            credentials: self.shared.suites.of(which).credentials.clone(),
            receive_id: self.shared.suites.of(which).suite.suite_id.clone(),
            message,
            limit: self.shared.limits.authorization_event,
            pause: self.shared.limits.redelivery_pause,
            wants_success: true,
            spoil: None,
        }
    }
}

struct DrawnUp {
    message: String,
    corp_id: Option<String>,
    auth_code: Option<String>,
}

/// Makes the change, and creates the event.
fn draw_up(context: &mut Context<'_>, which: &Which, request: &SuiteEventRequest) -> Result<DrawnUp, ControlError> {
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
    let corporation = context
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
                context
                    .world
                    .new_auth_code((which, &corp_id), auth_mode, false, context.now, context.entropy),
            );
            if let Some(issued) = context.world.auth_codes.last_mut() {
                issued.state.clone_from(&request.state);
            }
            about.state = request.state.as_deref();
            about.extra_info = true;
        }
        "change_auth" => {
            let installation = installation(context, which, &corp_id)?;
            installation.auth_mode = request.auth_mode.unwrap_or(installation.auth_mode);
            if let Some(departments) = &request.visible_departments {
                installation.visible_departments.clone_from(departments);
            }
            if let Some(permissions) = &request.permissions {
                installation.permissions.clone_from(permissions);
            }
            about.auth_corp_id = Some(&open_corp_id);
            about.state = Some(request.state.as_deref().unwrap_or_default());
            about.extra_info = true;
        }
        "cancel_auth" => {
            installation(context, which, &corp_id)?.removed = true;
            about.auth_corp_id = Some(&open_corp_id);
        }
        "reset_permanent_code" => {
            installation(context, which, &corp_id)?;
            code = Some(context.world.new_auth_code(
                (which, &corp_id),
                AuthMode::Admin,
                true,
                context.now,
                context.entropy,
            ));
        }
        _ => about.auth_corp_id = Some(&open_corp_id),
    }
    about.auth_code = code.as_deref();
    let message = authorization(&context.suites.of(which).suite.suite_id, event, context.now, &about);
    Ok(DrawnUp {
        message,
        corp_id: Some(corp_id),
        auth_code: code,
    })
}

/// The installation to change.
fn installation<'a>(
    context: &'a mut Context<'_>,
    which: &Which,
    corp_id: &str,
) -> Result<&'a mut Installation, ControlError> {
    context
        .world
        .corporation_mut(corp_id)
        .ok_or(ControlError::UnknownCorporation)?
        .installed_mut(which)
        .ok_or(ControlError::NotReady("the app is not installed there"))
}
