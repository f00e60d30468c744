//! The push of suite tickets: at once, every ten minutes, and quietly again until the first one is accepted.

use std::sync::Arc;
use std::time::Duration;

use crate::courier::{MAX_ATTEMPTS, Parcel};
use crate::delivery::{Delivery, Label, Outcome};
use crate::events;
use crate::hub::Hub;

/// How long until the next ticket is due; nothing when none will be: no URL, or paused.
pub(crate) fn due_in(hub: &Hub) -> Option<Duration> {
    hub.look(|world, now| {
        if world.suite.callback_url.is_none() || world.settings.tickets_paused {
            return None;
        }
        if world.suite.ticket_accepted_at.is_none() {
            return Some(Duration::ZERO);
        }
        let age = world
            .suite
            .tickets
            .last()
            .map(|ticket| now.duration_since(ticket.made_at).unsigned_abs());
        Some(age.map_or(Duration::ZERO, |age| hub.ticket_interval.saturating_sub(age)))
    })
}

/// Makes a ticket and pushes it, as the button in the provider's console does. Nothing without a URL.
pub(crate) async fn push(hub: &Hub) -> Option<Delivery> {
    let delivery = carry(hub, MAX_ATTEMPTS).await?;
    hub.change(|scene| scene.world.record_delivery(delivery.clone()));
    Some(delivery)
}

/// Pushes what is due, for as long as the simulator runs.
pub(crate) async fn run(hub: Arc<Hub>) {
    loop {
        let Some(due) = due_in(&hub) else {
            hub.ticket_due.notified().await;
            continue;
        };
        if !due.is_zero() {
            // Woken or not, what is due is computed anew: the clock or the URL may have changed.
            let _ = tokio::time::timeout(due, hub.ticket_due.notified()).await;
            continue;
        }
        let waiting_for_the_first = hub.look(|world, _| world.suite.ticket_accepted_at.is_none());
        if !waiting_for_the_first {
            push(&hub).await;
        } else if let Some(delivery) = carry(&hub, 1).await {
            if delivery.outcome == Outcome::Accepted {
                hub.change(|scene| scene.world.record_delivery(delivery));
            } else {
                let _ = tokio::time::timeout(hub.limits.ticket_retry, hub.ticket_due.notified()).await;
            }
        }
    }
}

/// One ticket, carried to the URL so often at most.
async fn carry(hub: &Hub, attempts: u32) -> Option<Delivery> {
    let (parcel, at) = hub.change(|scene| {
        let url = scene.world.suite.callback_url.clone()?;
        let ticket = scene.world.new_ticket(scene.now, scene.entropy);
        let parcel = Parcel {
            url,
            credentials: hub.suite_credentials.clone(),
            receive_id: hub.suite.suite_id.clone(),
            message: events::suite::ticket(&hub.suite.suite_id, scene.now, &ticket),
            limit: hub.limits.delivery,
            pause: hub.limits.redelivery_pause,
            wants_success: true,
            spoil: None,
        };
        Some((parcel, scene.now))
    })?;
    let receipt = hub.courier.deliver(&parcel, attempts, || hub.stamp()).await;
    if receipt.outcome == Outcome::Accepted {
        hub.change(|scene| scene.world.suite.ticket_accepted_at = Some(scene.now));
    }
    let label = Label {
        at,
        corp_id: None,
        to: "suite",
        event: "suite_ticket".to_owned(),
    };
    Some(label.with(receipt))
}
