//! A corporation's receive-event servers: 保存, and events.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;
use url::Url;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use super::requests::EventRequest;
use super::views::DeliveriesView;
use super::{Control, ControlError, MAX_COPIES};
use crate::courier::{MAX_ATTEMPTS, Parcel, Question};
use crate::delivery::{CheckOutcome, Delivery, Label};
use crate::events;
use crate::hub::Hub;
use crate::world::corporation::{CallbackForm, SavedCallback, Scope};

impl Control {
    /// Presses 保存 on a receive-event form: checks the URL, and keeps the values if it answers right.
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
                let plaintext = self.hub.echo_text();
                let question = Question {
                    url: &url,
                    credentials: &credentials,
                    receive_id: &corp_id,
                    plaintext: &plaintext,
                    limit: self.hub.limits.url_check,
                };
                let outcome = self.hub.courier.check(&question, &self.hub.stamp()).await;
                (outcome, Some(url))
            }
        };
        self.hub.change(|scene| {
            let now = scene.now;
            let corporation = scene
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
        let (saved, now) = self.hub.look(|world, now| {
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

        let parcels = messages(scope, &corp_id, now, copies, request)?
            .into_iter()
            .map(|message| Parcel {
                url: saved.url.clone(),
                credentials: credentials.clone(),
                receive_id: corp_id.clone(),
                message,
                limit: self.hub.limits.delivery,
                pause: self.hub.limits.redelivery_pause,
                wants_success: false,
                spoil: request.spoil,
            })
            .collect();
        let label = Label {
            at: now,
            corp_id: Some(corp_id),
            to: scope.slug(),
            event: events::label(request.event.as_deref(), request.xml.as_deref()),
        };
        let deliveries = deliver_all(&self.hub, parcels, &label, request.concurrent).await;
        Ok(DeliveriesView {
            deliveries,
            auth_code: None,
        })
    }

    /// The text of an event of the catalogue, for a person to edit.
    pub(crate) fn draft(&self, corp_id: &str, scope: Scope, name: &str) -> Option<String> {
        let now = self.hub.now();
        events::find(scope, name).map(|template| template.xml(corp_id, now, 0))
    }

    /// The id in the case in which the corporation writes it.
    pub(crate) fn corp_id(&self, corp_id: &str) -> Result<String, ControlError> {
        self.hub
            .look(|world, _| {
                world
                    .corporation(corp_id)
                    .map(|corporation| corporation.corp_id.clone())
            })
            .ok_or(ControlError::UnknownCorporation)
    }
}

/// Delivers everything, records it, and returns it in the order of the parcels.
pub(super) async fn deliver_all(
    hub: &Arc<Hub>,
    parcels: Vec<Parcel>,
    label: &Label,
    concurrent: bool,
) -> Vec<Delivery> {
    let mut deliveries = Vec::with_capacity(parcels.len());
    if concurrent {
        let mut running = JoinSet::new();
        for (place, parcel) in parcels.into_iter().enumerate() {
            let hub = Arc::clone(hub);
            running.spawn(async move { (place, hub.courier.deliver(&parcel, MAX_ATTEMPTS, || hub.stamp()).await) });
        }
        let mut receipts = running.join_all().await;
        receipts.sort_by_key(|(place, _)| *place);
        deliveries.extend(receipts.into_iter().map(|(_, receipt)| label.clone().with(receipt)));
    } else {
        for parcel in parcels {
            let receipt = hub.courier.deliver(&parcel, MAX_ATTEMPTS, || hub.stamp()).await;
            deliveries.push(label.clone().with(receipt));
        }
    }
    hub.change(|scene| {
        for delivery in &deliveries {
            scene.world.record_delivery(delivery.clone());
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

fn messages(
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

/// A text of the caller's, made different by a comment that no reader of XML sees.
fn numbered(xml: &str, copy: usize) -> String {
    if copy == 0 {
        xml.to_owned()
    } else {
        format!("{xml}<!-- {} -->", copy + 1)
    }
}

/// The form's values, or WeCom's complaint about them.
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
