//! Events without pause for the callbacks of two tenants, some repeated, some forged.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use crate::{
    Common, Error,
    product::{BETWEEN_LOOKS, Product, text},
    report::{answers, float, megabytes, verdict},
    sender::Sender,
    sent::Sent,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// Duration of the load in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    #[command(flatten)]
    common: Common,
}

/// Counters of the product after the load, all tenants together.
#[derive(Debug, Default)]
struct Counted {
    /// Events listed by `GET /authorization/events`.
    listed: u64,
    /// Different event ids among them.
    distinct: u64,
    /// Sum of the callbacks' `events_received`.
    received: u64,
    /// Sum of the callbacks' `duplicates`.
    duplicates: u64,
}

/// Answers whether every count is right.
pub(crate) async fn run(options: &Load) -> Result<bool, Error> {
    let common = &options.common;
    let product = Product::start(&common.server).await?;
    let callbacks = product.bind().await?;
    println!(
        "{} callbacks of two tenants, {} connections",
        callbacks.len(),
        common.connections
    );

    let started = Instant::now();
    let until = started + Duration::from_secs(options.seconds);
    let sending: Vec<_> = (0..common.connections)
        .zip(callbacks.iter().cycle())
        .map(|(number, callback)| {
            let sender = Sender {
                number,
                callback: callback.clone(),
                one_in: common.one_in,
            };
            tokio::spawn(sender.run(product.address(), until))
        })
        .collect();
    let memory = watch(&product, until).await;
    let mut sent = Sent::default();
    for task in sending {
        sent += task.await??;
    }
    let seconds = started.elapsed().as_secs_f64();
    let counted = count(&product, &sent).await?;
    product.stop(false).await?;

    println!(
        "requests                    {} in {seconds:.0} s: {:.0} a second",
        sent.requests(),
        float(sent.requests()) / seconds
    );
    println!("accepted events             {}", sent.events);
    println!(
        "  listed                    {}, each once: {}",
        counted.listed,
        counted.distinct == counted.listed
    );
    println!("  counted on the callbacks  {}", counted.received);
    println!(
        "sent again                  {}, counted {}",
        sent.repeated, counted.duplicates
    );
    answers(&sent);
    println!("memory of the server, MB    {}", megabytes(&memory));
    Ok(verdict(holds(&sent, &counted)))
}

/// Memory of the server, measured twelve times until `until`.
async fn watch(product: &Product, until: Instant) -> Vec<f64> {
    let between = until.saturating_duration_since(Instant::now()) / 12;
    let mut memory = Vec::new();
    while Instant::now() < until {
        tokio::time::sleep(between).await;
        memory.extend(product.resident_megabytes());
    }
    memory
}

/// Waits until `publish-events` has counted everything that was sent, then reads all events.
async fn count(product: &Product, sent: &Sent) -> Result<Counted, Error> {
    let mut counted = Counted::default();
    for _ in 0..1500 {
        (counted.received, counted.duplicates) = (0, 0);
        for token in product.admins() {
            let (received, duplicates) = product.counters(token).await?;
            counted.received += received;
            counted.duplicates += duplicates;
        }
        if (counted.received, counted.duplicates) == (sent.events, sent.repeated) {
            break;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let mut ids = HashSet::new();
    for token in product.admins() {
        let see = |event: &_| {
            counted.listed += 1;
            ids.insert(text(event, "/event_id").to_owned());
        };
        product.each_event(token, see).await?;
    }
    counted.distinct = ids.len().try_into()?;
    Ok(counted)
}

fn holds(sent: &Sent, counted: &Counted) -> bool {
    counted.listed == sent.events
        && counted.distinct == sent.events
        && counted.received == sent.events
        && counted.duplicates == sent.repeated
        && sent.refused == sent.forged
        && sent.other == 0
}
