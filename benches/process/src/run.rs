//! One run of one process: its start, its first invocation and warm ones.

use std::time::{Duration, Instant};

use crate::{
    Error, Subject,
    child::Process,
    environment::Environment,
    runtime_api::RuntimeApi,
    share::Share,
    work::{Work, Writer},
};

/// Time at which the CPU share is limited.
#[derive(Clone, Copy)]
pub(crate) enum Throttle<'a> {
    /// Never limited.
    Never,
    /// From the start of the process: stricter than Lambda, which does not limit the initialization.
    FromTheStart(&'a Share),
    /// From the first invocation, as Lambda does.
    FromTheFirst(&'a Share),
}

/// Parts of a run.
pub(crate) struct Plan<'a> {
    subject: &'a Subject,
    work: Work,
    warm: usize,
    throttle: Throttle<'a>,
}

impl<'a> Plan<'a> {
    /// A start, a first invocation and `warm` more.
    pub(crate) fn whole(subject: &'a Subject, warm: usize) -> Self {
        Self {
            subject,
            work: subject.work,
            warm,
            throttle: Throttle::Never,
        }
    }

    /// A start and WeCom's check of the URL.
    pub(crate) fn cold_check(subject: &'a Subject, throttle: Throttle<'a>) -> Self {
        Self {
            subject,
            work: Work::Sample("check"),
            warm: 0,
            throttle,
        }
    }
}

/// Measurements of one run.
#[derive(Debug)]
pub(crate) struct Measurements {
    /// Time from the start of the process until it first asks for an invocation.
    pub(crate) init: Duration,
    pub(crate) init_cpu: Duration,
    /// Number of calls to AWS until then.
    pub(crate) init_calls: usize,
    /// The first invocation.
    pub(crate) first: Duration,
    pub(crate) first_cpu: Duration,
    pub(crate) first_calls: usize,
    /// Time from the start of the process to its first answer.
    pub(crate) to_answer: Duration,
    /// The further invocations.
    pub(crate) warm: Option<Warm>,
    pub(crate) peak_rss_kib: u64,
}

/// Invocations of a warm process.
#[derive(Debug)]
pub(crate) struct Warm {
    pub(crate) times: Vec<Duration>,
    /// CPU time of each, on average.
    pub(crate) cpu: Duration,
    /// Calls to AWS for each, on average.
    pub(crate) calls: f64,
}

/// Runs a process once, for at most two minutes.
pub(crate) async fn run(environment: &mut Environment, plan: Plan<'_>) -> Result<Measurements, Error> {
    let subject = plan.subject;
    let within = |error: Error| -> Error { format!("{}: {error}", subject.name).into() };
    tokio::time::timeout(Duration::from_mins(2), measure(environment, plan))
        .await
        .unwrap_or_else(|_| Err("it does not answer".into()))
        .map_err(within)
}

async fn measure(environment: &mut Environment, plan: Plan<'_>) -> Result<Measurements, Error> {
    let Plan {
        subject,
        work,
        warm,
        throttle,
    } = plan;
    let mut api = RuntimeApi::start().await?;
    let mut writer = Writer::new(subject.function, work)?;
    let variables = environment.prepare(subject.function, &api).await?;
    let share = match throttle {
        Throttle::Never => None,
        Throttle::FromTheStart(share) | Throttle::FromTheFirst(share) => Some(share),
    };
    if let Some(share) = share {
        share.limit(matches!(throttle, Throttle::FromTheStart(_)))?;
    }
    let process = Process::start(&subject.binary, &variables, share)?;
    let ready = api.asked().await?;
    if let Some(share) = share {
        share.limit(true)?;
    }
    let init_cpu = process.cpu()?;
    let init_calls = environment.calls().len();
    let first = Invoked::by(&mut api, &mut writer).await?;
    let first_cpu = process.cpu()?.saturating_sub(init_cpu);
    let first_calls = environment.calls().len();
    Ok(Measurements {
        init: ready - process.started,
        init_cpu,
        init_calls,
        first: first.time(),
        first_cpu,
        first_calls,
        // The driver's work between the two is not the function's time.
        to_answer: (ready - process.started) + first.time(),
        warm: if warm > 0 && writer.has_more() {
            Some(keep_warm(environment, &process, &mut api, &mut writer, warm).await?)
        } else {
            None
        },
        peak_rss_kib: process.peak_rss_kib()?,
    })
}

async fn keep_warm(
    environment: &Environment,
    process: &Process,
    api: &mut RuntimeApi,
    writer: &mut Writer,
    count: usize,
) -> Result<Warm, Error> {
    let before = process.cpu()?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        times.push(Invoked::by(api, writer).await?.time());
    }
    let count = u32::try_from(count)?;
    let calls = u32::try_from(environment.calls().len())?;
    Ok(Warm {
        times,
        cpu: process.cpu()?.saturating_sub(before) / count,
        calls: f64::from(calls) / f64::from(count),
    })
}

/// One invocation: from sending the event to receiving the answer.
struct Invoked {
    started: Instant,
    ended: Instant,
}

impl Invoked {
    /// Returns when the process asks for the next invocation, so that all its work is included.
    async fn by(api: &mut RuntimeApi, writer: &mut Writer) -> Result<Self, Error> {
        let event = writer.next();
        let (started, ended, answer) = api.invoke(event).await?;
        writer.check(&answer)?;
        api.asked().await?;
        Ok(Self { started, ended })
    }

    fn time(&self) -> Duration {
        self.ended - self.started
    }
}
