//! The push of suite tickets: at once, then every ten minutes; the first is repeated, without a log entry, until it is accepted.

use std::{sync::Arc, time::Duration};

use crate::{
    callback_client::{MAX_ATTEMPTS, OutgoingEvent},
    delivery::{Delivery, DeliveryInfo, Outcome},
    events,
    shared::Shared,
};

/// Time until the next ticket is due; `None` without a URL, or when tickets are paused.
pub(crate) fn due_in(shared: &Shared) -> Option<Duration> {
    shared.look(|world, now| {
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
        Some(age.map_or(Duration::ZERO, |age| shared.ticket_interval.saturating_sub(age)))
    })
}

/// Creates and pushes a ticket, as the button in the provider's console does; `None` without a URL.
pub(crate) async fn push(shared: &Shared) -> Option<Delivery> {
    let delivery = carry(shared, MAX_ATTEMPTS).await?;
    shared.change(|context| context.world.record_delivery(delivery.clone()));
    Some(delivery)
}

/// Pushes due tickets while the simulator runs.
pub(crate) async fn run(shared: Arc<Shared>) {
    loop {
        let Some(due) = due_in(&shared) else {
            shared.ticket_due.notified().await;
            continue;
        };
        if !due.is_zero() {
            // Woken or not, what is due is computed anew: the clock or the URL may have changed.
            let _ = tokio::time::timeout(due, shared.ticket_due.notified()).await;
            continue;
        }
        let waiting_for_the_first = shared.look(|world, _| world.suite.ticket_accepted_at.is_none());
        if !waiting_for_the_first {
            push(&shared).await;
        } else if let Some(delivery) = carry(&shared, 1).await {
            if delivery.outcome == Outcome::Accepted {
                shared.change(|context| context.world.record_delivery(delivery));
            } else {
                let _ = tokio::time::timeout(shared.limits.ticket_retry, shared.ticket_due.notified()).await;
            }
        }
    }
}

/// Creates a ticket and delivers it with at most `attempts` attempts.
async fn carry(shared: &Shared, attempts: u32) -> Option<Delivery> {
    let (event, at) = shared.change(|context| {
        let url = context.world.suite.callback_url.clone()?;
        let ticket = context.world.new_ticket(context.now, context.entropy);
        let event = OutgoingEvent {
            url,
            credentials: shared.suite_credentials.clone(),
            receive_id: shared.suite.suite_id.clone(),
            message: events::suite::ticket(&shared.suite.suite_id, context.now, &ticket),
            limit: shared.limits.delivery,
            pause: shared.limits.redelivery_pause,
            wants_success: true,
            spoil: None,
        };
        Some((event, context.now))
    })?;
    let result = shared
        .callback_client
        .deliver(&event, attempts, || shared.stamp())
        .await;
    if result.outcome == Outcome::Accepted {
        shared.change(|context| context.world.suite.ticket_accepted_at = Some(context.now));
    }
    let label = DeliveryInfo {
        at,
        corp_id: None,
        to: "suite",
        event: "suite_ticket".to_owned(),
    };
    Some(label.with(result))
}
