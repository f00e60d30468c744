//! A long run over many tenants, of which one is noisy, with a server that is disturbed: what is lost, doubled or slowed down?

mod bus;
mod course;
mod figures;
mod plan;
mod tally;
mod traffic;

use std::sync::Arc;

use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use self::{
    bus::Bus,
    course::Course,
    figures::{Latency, slope},
    plan::{Plan, number_of},
    tally::Tally,
    traffic::{Outcome, Traffic},
};
use crate::{
    Common, Error,
    bindings::SCOPES,
    product::{Product, text},
    report::{answers, float, megabytes, verdict},
};

/// Time in which nothing changes once the server has done all its work.
const SETTLED: Duration = Duration::from_secs(20);
/// Samples of the memory that are printed.
const SAMPLES: usize = 12;

/// Prove over a long run with many tenants that no event is lost or doubled
#[derive(Debug, clap::Args)]
pub(crate) struct Endurance {
    /// Number of tenants, of which the first sends nine events in ten
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(2..))]
    tenants: u64,
    /// Events a second of all tenants together
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(10..))]
    rate: u64,
    /// Number of events that all tenants send together
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Seconds for which all tenants send, instead of a number of events
    #[arg(long, conflicts_with = "events")]
    seconds: Option<u64>,
    /// How often the server is killed
    #[arg(long, default_value_t = 5)]
    kills: u64,
    #[command(flatten)]
    common: Common,
}

/// What the product says afterwards.
struct Found {
    /// `events_received` and `duplicates` of each tenant.
    counters: Vec<(u64, u64)>,
    listed: Tally,
    dead_letters: usize,
}

/// Answers whether every count is right.
pub(crate) async fn run(options: &Endurance) -> Result<bool, Error> {
    let product = Product::start(&options.common.server).await?;
    let begun = Instant::now();
    let tenant_ids: Vec<_> = (0..options.tenants).map(tenant_id).collect();
    let callbacks = product.import(&tenant_ids).await?;
    println!(
        "{} tenants imported in {:.0} s; {} events a second over {} connections",
        options.tenants,
        begun.elapsed().as_secs_f64(),
        options.rate,
        options.common.connections
    );
    let mixed = options.seconds.map_or(options.events, |seconds| seconds * options.rate);
    let plan = Plan::new(options.tenants, options.rate, mixed, options.common.one_in);
    let traffic = Arc::new(Traffic::new(plan, product.address(), callbacks));
    let bus = Arc::new(Bus::new(Arc::clone(&traffic)));
    let bus_url = product.text("/bus_url").to_owned();
    let listening = tokio::spawn(Arc::clone(&bus).listen(product.http.clone(), bus_url));
    let begun = Instant::now();
    let mut sending = JoinSet::new();
    for _ in 0..options.common.connections {
        let traffic = Arc::clone(&traffic);
        sending.spawn(async move { traffic.send().await });
    }
    let mut course = Course::new(product, traffic, options.kills);
    let mut outcome = Outcome::default();
    loop {
        tokio::select! {
            ended = sending.join_next() => match ended {
                Some(ended) => outcome.add(ended??),
                None => break,
            },
            () = sleep(course::LOOK) => course.look().await?,
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    let found = find(&course.product, plan, &bus, &tenant_ids).await?;
    listening.abort();
    let holds = report(plan, &mut outcome, &found, &bus, seconds);
    course_report(&course, plan);
    if let Some(kept) = course.product.stop(!holds).await? {
        println!("the server's data and log are kept in {}", kept.display());
    }
    Ok(verdict(holds))
}

fn tenant_id(number: u64) -> String {
    format!("tenant-{number}")
}

/// Waits until the server has done its work, then reads everything back.
async fn find(product: &Product, plan: Plan, bus: &Bus, tenant_ids: &[String]) -> Result<Found, Error> {
    let tokens = tenant_ids.iter().map(|tenant_id| product.token_of(tenant_id));
    let tokens: Vec<_> = tokens.collect::<Result<_, _>>()?;
    let mut before = None;
    let counters = loop {
        let mut counters = Vec::new();
        for token in &tokens {
            counters.push(product.counters(token).await?);
        }
        let now = (counters, bus.unseen());
        if before.as_ref() == Some(&now) {
            break now.0;
        }
        before = Some(now);
        sleep(SETTLED).await;
    };
    let mut listed = Tally::new(plan.events);
    for (tenant, token) in tokens.iter().enumerate() {
        let is_at_home = |event: &Value, number: u64| {
            let scope = text(event, "/scope").replace('_', "-");
            plan.place(number).0 == tenant && SCOPES.get(plan.place(number).1) == Some(&scope.as_str())
        };
        let see = |event: &Value| {
            let number = number_of(event);
            listed.see(number.filter(|number| is_at_home(event, *number)));
        };
        product.each_event(token, see).await?;
    }
    Ok(Found {
        counters,
        listed,
        dead_letters: product
            .file("dead-letters.jsonl")
            .map_or(0, |letters| letters.lines().count()),
    })
}

/// Prints the counts, and answers whether every one is right.
fn report(plan: Plan, outcome: &mut Outcome, found: &Found, bus: &Bus, seconds: f64) -> bool {
    let sent = &outcome.sent;
    let mut expected = vec![0; found.counters.len()];
    for number in 0..plan.events {
        if let Some(count) = expected.get_mut(plan.place(number).0) {
            *count += 1;
        }
    }
    let received = found.counters.iter().map(|(received, _)| *received);
    let differing = received.clone().zip(&expected).filter(|(is, should)| is != *should);
    let differing = differing.count();
    let duplicates: u64 = found.counters.iter().map(|(_, duplicates)| *duplicates).sum();
    // What was not answered may have been stored, and its repetition was a duplicate then.
    let unanswered = sent.unavailable + sent.broken;
    let difference = found.listed.difference(0..plan.events);
    let [excused, unpublished] = bus.unseen();
    println!(
        "accepted events             {} in {seconds:.0} s: {:.0} a second",
        sent.events,
        float(sent.events) / seconds
    );
    println!(
        "  listed                    lost {}, doubled {}, at another callback or unknown {}",
        difference.lost.len(),
        difference.doubled.len(),
        found.listed.strange
    );
    println!(
        "  counted on the callbacks  {}, wrong at {differing} of {} tenants",
        received.sum::<u64>(),
        expected.len()
    );
    println!(
        "  published                 unseen {unpublished}, and {excused} that were in flight at a kill; unknown {}",
        bus.strange()
    );
    println!(
        "sent again                  {}, and {} that 5xx and {} that nothing answered; counted {duplicates}",
        sent.repeated, sent.unavailable, sent.broken
    );
    answers(sent);
    println!("dead letters                {}", found.dead_letters);
    let holds = sent.events == plan.events
        && sent.other == 0
        && sent.refused == sent.forged
        && difference.lost.is_empty()
        && difference.doubled.is_empty()
        && found.listed.strange + bus.strange() == 0
        && differing == 0
        && (sent.repeated..=sent.repeated + unanswered).contains(&duplicates)
        && unpublished == 0
        && found.dead_letters == 0;
    let [alone, calm] = [&mut outcome.alone, &mut outcome.calm].map(|waited| Latency::of(waited));
    println!("quiet tenants, alone        {alone}");
    println!("  with the noisy one        {calm}; {}", calm.compared(&alone));
    holds
}

fn course_report(course: &Course, plan: Plan) {
    println!(
        "rotations                   {}, and {} that failed",
        course.rotations, course.failed_rotations
    );
    println!(
        "killed                      {} times, away for {:.1} s at most; {} calls of stores refused or unanswered",
        course.killed,
        course.longest_away.as_secs_f64(),
        course.faults
    );
    let calm: Vec<_> = course
        .memory
        .iter()
        .filter(|(begun, _)| *begun >= plan.disturbed().end)
        .map(|(begun, megabytes)| (float(*begun), *megabytes))
        .collect();
    let printed: Vec<_> = calm
        .iter()
        .step_by(calm.len().div_ceil(SAMPLES).max(1))
        .map(|(_, mb)| *mb)
        .collect();
    println!("memory of the server, MB    {}", megabytes(&printed));
    let later = calm.get(calm.len() / 2..).unwrap_or_default();
    let [all, later] = [&calm, later].map(|samples| slope(samples) * 100_000.0);
    println!("  growth in 100,000 events  {all:.1}, in the last quarter of the run {later:.1}");
    if let Some(stored) = course.product.stored_megabytes() {
        println!("tables on the disk, MB      {stored}");
    }
}
