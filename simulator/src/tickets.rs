//! The push of suite tickets: at once, then every ten minutes; the first is repeated, without a log entry, until it is accepted.

use std::{sync::Arc, time::Duration};

use crate::{
    callback_client::{MAX_ATTEMPTS, OutgoingEvent},
    delivery::{Delivery, DeliveryInfo, Outcome},
    events,
    shared::Shared,
    world::Which,
};

/// Time until the next ticket is due; `None` without a URL, or when tickets are paused.
pub(crate) fn due_in(shared: &Shared, which: &Which) -> Option<Duration> {
    shared.look(|world, now| {
        let side = world.side_now(which);
        if side.callback_url.is_none() || world.settings.tickets_paused {
            return None;
        }
        if side.ticket_accepted_at.is_none() {
            return Some(Duration::ZERO);
        }
        let age = side
            .tickets
            .last()
            .map(|ticket| now.duration_since(ticket.made_at).unsigned_abs());
        Some(age.map_or(Duration::ZERO, |age| shared.ticket_interval.saturating_sub(age)))
    })
}

/// Creates and pushes a ticket, as the button in the provider's console does; `None` without a URL.
pub(crate) async fn push(shared: &Shared, which: &Which) -> Option<Delivery> {
    let delivery = carry(shared, which, MAX_ATTEMPTS).await?;
    shared.change(|context| context.world.record_delivery(delivery.clone()));
    Some(delivery)
}

/// Pushes a suite's due tickets while the simulator runs.
pub(crate) async fn run(shared: Arc<Shared>, which: Which) {
    let ticket_due = &shared.suites.of(&which).ticket_due;
    loop {
        let Some(due) = due_in(&shared, &which) else {
            ticket_due.notified().await;
            continue;
        };
        if !due.is_zero() {
            // Woken or not, what is due is computed again: the clock or the URL may have changed.
            let _ = tokio::time::timeout(due, ticket_due.notified()).await;
            continue;
        }
        let waiting_for_the_first = shared.look(|world, _| world.side_now(&which).ticket_accepted_at.is_none());
        if !waiting_for_the_first {
            push(&shared, &which).await;
        } else if let Some(delivery) = carry(&shared, &which, 1).await {
            if delivery.outcome == Outcome::Accepted {
                shared.change(|context| context.world.record_delivery(delivery));
            } else {
                let _ = tokio::time::timeout(shared.limits.ticket_retry, ticket_due.notified()).await;
            }
        }
    }
}

/// Creates a ticket and delivers it with at most `attempts` attempts.
async fn carry(shared: &Shared, which: &Which, attempts: u32) -> Option<Delivery> {
    let registered = shared.suites.of(which);
    let suite_id = &registered.suite.suite_id;
    let (event, at) = shared.change(|context| {
        let url = context.world.side(which).callback_url.clone()?;
        let ticket = context.world.new_ticket(which, context.now, context.entropy);
        let event = OutgoingEvent {
            url,
            credentials: registered.credentials.clone(),
            receive_id: suite_id.clone(),
            message: events::suite::ticket(suite_id, context.now, &ticket),
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
        shared.change(|context| context.world.side(which).ticket_accepted_at = Some(context.now));
    }
    let label = DeliveryInfo {
        at,
        corp_id: None,
        to: "suite",
        event: "suite_ticket".to_owned(),
    };
    Some(label.with(result))
}
