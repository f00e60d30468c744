//! A model of one stack under a whole platform's events: what is turned away, and how far behind the bus falls.
//!
//! ```sh
//! cargo run --package benches --bin fleet
//! ```
//!
//! It computes with rates, second by second, and measures nothing: limits are AWS's published ones or this template's defaults,
//! durations are assumptions, and both are named in docs/scale.md. Events are spread evenly over the partitions of the table.

#![expect(clippy::print_stdout, reason = "it prints tables")]

use std::collections::VecDeque;

/// Seconds of a month of 30 days.
const MONTH: f64 = 30.0 * 86_400.0;
/// Seconds before an import begins.
const BEFORE: usize = 60;
/// An hour and a half: the import and what it leaves behind have ended by then, or never do.
const SECONDS: usize = 5_400;
/// Attempts that WeCom makes to deliver an event, and the seconds between them (assumed).
const ATTEMPTS: usize = 3;
const ATTEMPT_EVERY: usize = 5;
/// Partitions of the event table's index that one tenant's events are spread over.
const TENANT_PARTITIONS: f64 = 4.0;
/// Write units that one partition takes in a second.
const PARTITION_WRITES: f64 = 1_000.0;
/// Events of a batch that `publish-events` is invoked with, and the callbacks that it counts at a time.
const BATCH: f64 = 100.0;
const COUNTED_AT_ONCE: f64 = 16.0;
/// Events of one `PutEvents`, and how many of those requests are under way at a time.
const BUS_ENTRIES: f64 = 10.0;
const PUBLISHED_AT_ONCE: f64 = 5.0;

/// What one stack lets through.
#[derive(Debug, Clone, Copy)]
struct Stack {
    /// Requests a second, and at once, of the route (`EventRateLimit`, `EventBurstLimit`).
    rate: f64,
    burst: f64,
    /// Environments of `event-callback`, and those that come in a second.
    environments: f64,
    more_environments: f64,
    /// Writes a second that the event table is warm for; a shard of its stream for each thousand.
    warm_writes: f64,
    /// Seconds: of an event in `event-callback`, of one write and one `PutEvents` of `publish-events`, of the rest of a batch.
    event: f64,
    write: f64,
    publish: f64,
    batch: f64,
}

/// The template's defaults, and a new table.
const DEFAULTS: Stack = Stack {
    rate: 5_000.0,
    burst: 5_000.0,
    environments: 100.0,
    more_environments: 100.0,
    warm_writes: 4_000.0,
    event: 0.01,
    write: 0.01,
    publish: 0.025,
    batch: 0.02,
};

/// What is sent to it.
#[derive(Debug, Clone, Copy)]
struct Traffic {
    events_a_month: f64,
    /// Rate of the busiest hour, divided by the mean.
    peak: f64,
    /// Contacts that are imported in one corporation, and how many of their events WeCom sends in a second.
    imported: f64,
    import_rate: f64,
}

/// Numbers of events: of one corporation's import, and of everybody else.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Events {
    import: f64,
    others: f64,
}

impl Events {
    fn sum(self) -> f64 {
        self.import + self.others
    }

    fn times(self, factor: f64) -> Self {
        Self {
            import: self.import * factor,
            others: self.others * factor,
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            import: self.import + more.import,
            others: self.others + more.others,
        }
    }

    fn minus(self, less: Self) -> Self {
        self.plus(less.times(-1.0))
    }

    /// As many of them as fit, in equal shares.
    fn capped(self, limit: f64) -> Self {
        if self.sum() <= limit {
            self
        } else {
            self.times(limit / self.sum())
        }
    }
}

/// What became of them.
#[derive(Debug, Default)]
struct Outcome {
    sent: Events,
    stored: Events,
    /// Turned away three times.
    lost: Events,
    /// Attempts that each limit turned away.
    by_route: f64,
    by_environments: f64,
    by_table: f64,
    by_index: f64,
    /// The longest time between storing and publishing, in seconds, and what is unpublished at the end.
    lag: usize,
    unpublished: f64,
}

fn simulate(stack: &Stack, traffic: &Traffic) -> Outcome {
    let mut outcome = Outcome::default();
    let (mut tokens, mut environments) = (stack.burst, 0.0_f64);
    let mut unsent = traffic.imported;
    // What is attempted for the second and third time, by the second in which it is.
    let mut again = vec![[Events::default(); ATTEMPTS]; SECONDS + ATTEMPTS * ATTEMPT_EVERY];
    let mut backlog: VecDeque<(usize, Events)> = VecDeque::new();
    for second in 0..SECONDS {
        let import = if second < BEFORE {
            0.0
        } else {
            unsent.min(traffic.import_rate)
        };
        unsent -= import;
        let first = Events {
            import,
            others: traffic.events_a_month / MONTH * traffic.peak,
        };
        outcome.sent = outcome.sent.plus(first);
        let mut attempts = again.get(second).copied().unwrap_or_default();
        if let Some(new) = attempts.first_mut() {
            *new = first;
        }
        let offered = attempts.iter().fold(Events::default(), |sum, events| sum.plus(*events));

        tokens = (tokens + stack.rate).min(stack.burst.max(stack.rate));
        let routed = offered.capped(tokens);
        tokens -= routed.sum();
        outcome.by_route += offered.sum() - routed.sum();

        let needed = routed.sum() * stack.event;
        environments = stack
            .environments
            .min(environments.max(needed.min(environments + stack.more_environments)));
        let invoked = routed.capped(environments / stack.event);
        outcome.by_environments += routed.sum() - invoked.sum();

        let indexed = Events {
            import: invoked.import.min(TENANT_PARTITIONS * PARTITION_WRITES),
            ..invoked
        };
        outcome.by_index += invoked.sum() - indexed.sum();
        let stored = indexed.capped(stack.warm_writes);
        outcome.by_table += indexed.sum() - stored.sum();
        outcome.stored = outcome.stored.plus(stored);

        // Each attempt has its share of what was turned away.
        let refused = offered.minus(stored);
        let share = |of: f64, all: f64| if all > 0.0 { of / all } else { 0.0 };
        for (number, events) in attempts.iter().enumerate() {
            let refused = Events {
                import: refused.import * share(events.import, offered.import),
                others: refused.others * share(events.others, offered.others),
            };
            match again
                .get_mut(second + ATTEMPT_EVERY)
                .and_then(|later| later.get_mut(number + 1))
            {
                Some(later) => *later = later.plus(refused),
                None => outcome.lost = outcome.lost.plus(refused),
            }
        }

        backlog.push_back((second, stored.times(PARTITION_WRITES / stack.warm_writes)));
        publish(stack, &mut backlog);
        let oldest = backlog.front().map_or(0, |(stored_at, _)| second + 1 - stored_at);
        outcome.lag = outcome.lag.max(oldest);
    }
    let shards = stack.warm_writes / PARTITION_WRITES;
    outcome.unpublished = backlog.iter().fold(0.0, |sum, (_, events)| sum + events.sum()) * shards;
    outcome
}

/// A second of `publish-events` in one shard of the stream: one batch after the other, the oldest events first.
fn publish(stack: &Stack, backlog: &mut VecDeque<(usize, Events)>) {
    let mut time = 1.0;
    while let Some((_, events)) = backlog.front_mut() {
        let batch = events.capped(BATCH);
        // Each of the others' events is another callback's; the import's are all of one.
        let callbacks = batch.others + if batch.import > 0.0 { 1.0 } else { 0.0 };
        let needed = stack.batch
            + (callbacks / COUNTED_AT_ONCE).ceil() * stack.write
            + (batch.sum() / (BUS_ENTRIES * PUBLISHED_AT_ONCE)).ceil() * stack.publish;
        if needed > time {
            // What is left of the second takes its share of the batch.
            *events = events.minus(batch.times(time / needed));
            return;
        }
        time -= needed;
        if batch == *events {
            backlog.pop_front();
        } else {
            *events = events.minus(batch);
        }
    }
}

fn main() {
    const FLEET: Traffic = Traffic {
        events_a_month: 1e9,
        peak: 10.0,
        imported: 0.0,
        import_rate: 0.0,
    };
    let import = |traffic: Traffic, import_rate| Traffic {
        imported: 1e6,
        import_rate,
        ..traffic
    };
    let cell = Traffic {
        events_a_month: 1e8,
        ..FLEET
    };
    let raised = Stack {
        rate: 20_000.0,
        burst: 10_000.0,
        environments: 400.0,
        warm_writes: 20_000.0,
        ..DEFAULTS
    };
    let rows = [
        ("a tenth of the fleet, defaults", DEFAULTS, cell),
        ("the same, import at 1,000 a second", DEFAULTS, import(cell, 1e3)),
        ("the same, import at 4,000", DEFAULTS, import(cell, 4e3)),
        ("the same, import at 10,000", DEFAULTS, import(cell, 1e4)),
        ("the fleet, defaults", DEFAULTS, FLEET),
        ("the same, import at 1,000", DEFAULTS, import(FLEET, 1e3)),
        ("the same, import at 4,000", DEFAULTS, import(FLEET, 4e3)),
        ("the fleet, raised limits", raised, FLEET),
        ("the same, import at 4,000", raised, import(FLEET, 4e3)),
        ("the same, import at 10,000", raised, import(FLEET, 1e4)),
    ];
    println!(
        "| traffic | lost of the import | lost of the others | turned away by route, environments, index, table | behind by, s | unpublished |"
    );
    println!("| --- | ---: | ---: | --- | ---: | ---: |");
    for (name, stack, traffic) in rows {
        let outcome = simulate(&stack, &traffic);
        println!(
            "| {name} | {:.0} | {:.0} | {:.0}, {:.0}, {:.0}, {:.0} | {} | {:.0} |",
            outcome.lost.import,
            outcome.lost.others,
            outcome.by_route,
            outcome.by_environments,
            outcome.by_index,
            outcome.by_table,
            outcome.lag,
            outcome.unpublished,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import_of(imported: f64, import_rate: f64) -> Traffic {
        Traffic {
            events_a_month: 1e8,
            peak: 1.0,
            imported,
            import_rate,
        }
    }

    #[test]
    fn each_event_is_stored_or_lost_or_about_to_be_sent_again() {
        // Rates below the index's limit at the end, so that nothing is left to be sent again.
        for rate in [500.0, 4_500.0, 50_000.0] {
            let outcome = simulate(&DEFAULTS, &import_of(1e5, rate));
            let gone = outcome.stored.plus(outcome.lost);
            assert!((outcome.sent.sum() - gone.sum()).abs() < 1.0, "{outcome:?}");
        }
    }

    #[test]
    fn what_fits_into_every_limit_is_not_lost() {
        let outcome = simulate(&DEFAULTS, &import_of(1e5, 500.0));
        assert!(outcome.lost.sum() < 1e-6, "{outcome:?}");
        assert!(outcome.unpublished < 1_000.0, "{outcome:?}");
    }

    #[test]
    fn an_import_above_its_partitions_is_refused_by_the_index_alone() {
        let stack = Stack {
            rate: 1e6,
            burst: 1e6,
            environments: 1e4,
            more_environments: 1e4,
            warm_writes: 1e6,
            ..DEFAULTS
        };
        let outcome = simulate(&stack, &import_of(1e6, 20_000.0));
        assert!(outcome.by_index > 0.0 && outcome.lost.import > 0.0, "{outcome:?}");
        assert!(
            outcome.by_route + outcome.by_environments + outcome.by_table < 1e-6,
            "{outcome:?}"
        );
        assert!(outcome.lost.others < 1e-6, "{outcome:?}");
    }

    #[test]
    fn a_backlog_is_older_the_slower_the_bus_is() {
        let slow = Stack {
            publish: 0.25,
            ..DEFAULTS
        };
        let traffic = import_of(1e5, 2_000.0);
        assert!(simulate(&slow, &traffic).lag > simulate(&DEFAULTS, &traffic).lag);
    }
}
