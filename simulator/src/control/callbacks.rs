//! A corporation's receive-event servers: 保存, and events.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;
use url::Url;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use super::{Control, ControlError, MAX_COPIES, requests::EventRequest, views::DeliveriesView};
use crate::{
    callback_client::{MAX_ATTEMPTS, OutgoingEvent, UrlCheck},
    delivery::{CheckOutcome, Delivery, DeliveryInfo},
    events,
    shared::Shared,
    world::corporation::{CallbackForm, SavedCallback, Scope},
};

impl Control {
    /// Presses 保存 on a receive-event form: checks the URL, and saves the values if it passes.
    ///
    /// # Errors
    /// [`ControlError::UnknownCorporation`]. A URL that does not pass is an outcome.
    pub async fn save_callback(
        &self,
        corp_id: &str,
        scope: Scope,
        form: CallbackForm,
    ) -> Result<CheckOutcome, ControlError> {
        let corp_id = self.corp_id(corp_id)?;
        let (outcome, saved) = match parse(&form) {
            Err(words) => (CheckOutcome::refused(words), None),
            Ok((url, credentials)) => {
                let plaintext = self.shared.echo_text();
                let check = UrlCheck {
                    url: &url,
                    credentials: &credentials,
                    receive_id: &corp_id,
                    plaintext: &plaintext,
                    limit: self.shared.limits.url_check,
                };
                let outcome = self.shared.callback_client.check(&check, &self.shared.stamp()).await;
                (outcome, Some(url))
            }
        };
        self.shared.change(|context| {
            let now = context.now;
            let corporation = context
                .world
                .corporation_mut(&corp_id)
                .ok_or(ControlError::UnknownCorporation)?;
            let slot = corporation.callbacks.of_mut(scope);
            if let Some(url) = saved.filter(|_| outcome.saved) {
                slot.saved = Some(SavedCallback {
                    url,
                    token: form.token.trim().to_owned(),
                    encoding_aes_key: form.encoding_aes_key.trim().to_owned(),
                    verified_at: now,
                });
            }
            slot.pasted = Some(form);
            slot.last_check = Some(outcome.clone());
            Ok(outcome)
        })
    }

    /// Sends events to a saved callback.
    ///
    /// # Errors
    /// [`ControlError::NotReady`] when no callback is saved, [`ControlError::Unknown`] for an event that the catalogue
    /// does not have, [`ControlError::Invalid`] for a request that names both or neither of `event` and `xml`.
    pub async fn send_events(
        &self,
        corp_id: &str,
        scope: Scope,
        request: &EventRequest,
    ) -> Result<DeliveriesView, ControlError> {
        let corp_id = self.corp_id(corp_id)?;
        let copies = copies(request.copies)?;
        let (saved, now) = self.shared.look(|world, now| {
            let corporation = world.corporation(&corp_id);
            (
                corporation.and_then(|corporation| corporation.callbacks.of(scope).saved.clone()),
                now,
            )
        });
        let saved = saved.ok_or(ControlError::NotReady("this receive-event server is not saved yet"))?;
        let (_, credentials) = parse(&CallbackForm {
            url: saved.url.to_string(),
            token: saved.token,
            encoding_aes_key: saved.encoding_aes_key,
        })
        .map_err(|words| ControlError::Invalid(words.to_owned()))?;

        let events = messages(scope, &corp_id, now, copies, request)?
            .into_iter()
            .map(|message| OutgoingEvent {
                url: saved.url.clone(),
                credentials: credentials.clone(),
                receive_id: corp_id.clone(),
                message,
                limit: self.shared.limits.delivery,
                pause: self.shared.limits.redelivery_pause,
                wants_success: false,
                spoil: request.spoil,
            })
            .collect();
        let label = DeliveryInfo {
            at: now,
            corp_id: Some(corp_id),
            to: scope.slug(),
            event: events::label(request.event.as_deref(), request.xml.as_deref()),
        };
        let deliveries = deliver_all(&self.shared, events, &label, request.concurrent).await;
        Ok(DeliveriesView {
            deliveries,
            auth_code: None,
        })
    }

    /// XML of an event of the catalogue, to be edited.
    pub(crate) fn draft(&self, corp_id: &str, scope: Scope, name: &str) -> Option<String> {
        let now = self.shared.now();
        events::find(scope, name).map(|template| template.xml(corp_id, now, 0))
    }

    /// The corporation's id in its own case.
    pub(crate) fn corp_id(&self, corp_id: &str) -> Result<String, ControlError> {
        self.shared
            .look(|world, _| {
                world
                    .corporation(corp_id)
                    .map(|corporation| corporation.corp_id.clone())
            })
            .ok_or(ControlError::UnknownCorporation)
    }
}

/// Delivers and records all events, and answers the deliveries in the same order.
pub(super) async fn deliver_all(
    shared: &Arc<Shared>,
    events: Vec<OutgoingEvent>,
    label: &DeliveryInfo,
    concurrent: bool,
) -> Vec<Delivery> {
    let mut deliveries = Vec::with_capacity(events.len());
    if concurrent {
        let mut running = JoinSet::new();
        for (place, event) in events.into_iter().enumerate() {
            let shared = Arc::clone(shared);
            running.spawn(async move {
                (
                    place,
                    shared
                        .callback_client
                        .deliver(&event, MAX_ATTEMPTS, || shared.stamp())
                        .await,
                )
            });
        }
        let mut results = running.join_all().await;
        results.sort_by_key(|(place, _)| *place);
        deliveries.extend(results.into_iter().map(|(_, result)| label.clone().with(result)));
    } else {
        for event in events {
            let result = shared
                .callback_client
                .deliver(&event, MAX_ATTEMPTS, || shared.stamp())
                .await;
            deliveries.push(label.clone().with(result));
        }
    }
    shared.change(|context| {
        for delivery in &deliveries {
            context.world.record_delivery(delivery.clone());
        }
    });
    deliveries
}

pub(super) fn copies(asked: Option<usize>) -> Result<usize, ControlError> {
    let copies = asked.unwrap_or(1);
    if (1..=MAX_COPIES).contains(&copies) {
        Ok(copies)
    } else {
        Err(ControlError::Invalid(format!("1 to {MAX_COPIES} copies")))
    }
}

pub(super) fn messages(
    scope: Scope,
    corp_id: &str,
    now: Timestamp,
    copies: usize,
    request: &EventRequest,
) -> Result<Vec<String>, ControlError> {
    let nth = |copy: usize| if request.same_content { 0 } else { copy };
    match (&request.event, &request.xml) {
        (Some(name), None) => {
            let template = events::find(scope, name).ok_or(ControlError::Unknown("event"))?;
            Ok((0..copies).map(|copy| template.xml(corp_id, now, nth(copy))).collect())
        }
        (None, Some(xml)) => Ok((0..copies).map(|copy| numbered(xml, nth(copy))).collect()),
        _ => Err(ControlError::Invalid("either event or xml".to_owned())),
    }
}

/// The caller's XML with a comment that makes each copy different.
fn numbered(xml: &str, copy: usize) -> String {
    if copy == 0 {
        xml.to_owned()
    } else {
        format!("{xml}<!-- {} -->", copy + 1)
    }
}

/// The parsed values of the form, or WeCom's message about them.
fn parse(form: &CallbackForm) -> Result<(Url, Credentials), &'static str> {
    let url = Url::parse(form.url.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or("URL格式不正确，须以http://或https://开头")?;
    let token = Token::parse(form.token.trim()).map_err(|_| "Token格式不正确，须为不超过32位的英文或数字")?;
    let encoding_aes_key = EncodingAesKey::parse(form.encoding_aes_key.trim())
        .map_err(|_| "EncodingAESKey格式不正确，须为43位英文或数字")?;
    Ok((
        url,
        Credentials {
            token,
            encoding_aes_key,
        },
    ))
}
