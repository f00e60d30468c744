//! Sends the events of a plan over many connections, each until it is answered.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until};
use wecom_callback::Token;

use super::plan::{Phase, Place, Plan, user_id};
use crate::{
    Error,
    connection::{Answer, Callback, Connection, event, token_of_a_stranger},
    sent::Sent,
};

/// Pause before a request is sent again. WeCom waits five seconds, and gives up after three attempts.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Traffic {
    pub(super) plan: Plan,
    server: SocketAddr,
    callbacks: Vec<[Mutex<Credentials>; 2]>,
    next: AtomicU64,
    started: Instant,
}

/// A callback with its credentials, and with those that were replaced last while they are still used.
struct Credentials {
    newest: Callback,
    replaced: Option<Callback>,
}

/// What a connection has sent, and how long the quiet tenants waited for their first answers.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) sent: Sent,
    pub(super) alone: Vec<Duration>,
    pub(super) calm: Vec<Duration>,
}

impl Outcome {
    pub(super) fn add(&mut self, more: Self) {
        self.sent += more.sent;
        self.alone.extend(more.alone);
        self.calm.extend(more.calm);
    }
}

impl Traffic {
    pub(super) fn new(plan: Plan, server: SocketAddr, callbacks: Vec<[Callback; 2]>) -> Self {
        let credentials = |newest| Mutex::new(Credentials { newest, replaced: None });
        Self {
            plan,
            server,
            callbacks: callbacks.into_iter().map(|both| both.map(credentials)).collect(),
            next: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// The number of events of which sending has begun.
    pub(super) fn begun(&self) -> u64 {
        self.next.load(Ordering::Relaxed).min(self.plan.events)
    }

    pub(super) fn tenants(&self) -> usize {
        self.callbacks.len()
    }

    /// The callback as it is now; with `replaced`, as it was before if that is still used.
    pub(super) fn callback(&self, place: Place, replaced: bool) -> Result<Callback, Error> {
        let credentials = self.credentials(place)?.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = credentials.replaced.as_ref().filter(|_| replaced);
        Ok(replaced.unwrap_or(&credentials.newest).clone())
    }

    /// From now on new credentials are used, and every third event comes with those before.
    pub(super) fn rotated(&self, place: Place, newest: Callback) -> Result<(), Error> {
        let mut credentials = self.credentials(place)?.lock().unwrap_or_else(PoisonError::into_inner);
        credentials.replaced = Some(std::mem::replace(&mut credentials.newest, newest));
        Ok(())
    }

    /// Ends the use of the credentials before.
    pub(super) fn settled(&self, place: Place) -> Result<(), Error> {
        let mut credentials = self.credentials(place)?.lock().unwrap_or_else(PoisonError::into_inner);
        credentials.replaced = None;
        Ok(())
    }

    fn credentials(&self, (tenant, scope): Place) -> Result<&Mutex<Credentials>, Error> {
        let callback = self.callbacks.get(tenant).and_then(|both| both.get(scope));
        callback.ok_or_else(|| "there is no such callback".into())
    }

    /// Takes one event after the other, and sends it when it is due.
    pub(super) async fn send(&self) -> Result<Outcome, Error> {
        let stranger = token_of_a_stranger()?;
        let mut outcome = Outcome::default();
        let mut connection = None;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.plan.events {
                return Ok(outcome);
            }
            sleep_until(self.started + self.plan.due(number)).await;
            let sent = &mut outcome.sent;
            let (answer, waited) = self.answer(&mut connection, number, None, sent).await?;
            match answer {
                Answer::Success => sent.events += 1,
                _ => sent.other += 1,
            }
            if self.plan.is_repeated(number) {
                match self.answer(&mut connection, number, None, sent).await?.0 {
                    Answer::Success => sent.repeated += 1,
                    _ => sent.other += 1,
                }
            }
            if self.plan.is_forged(number) {
                sent.forged += 1;
                match self.answer(&mut connection, number, Some(&stranger), sent).await?.0 {
                    Answer::Refused => sent.refused += 1,
                    _ => sent.other += 1,
                }
            }
            let is_quiet = self.plan.place(number).0 > 0;
            match self.plan.phase(number) {
                Phase::Alone => outcome.alone.push(waited),
                Phase::Calm if is_quiet => outcome.calm.push(waited),
                _ => {}
            }
        }
    }

    /// Sends an event until it is answered: neither by 5xx, nor broken off. `forged` is a Token to sign it with instead. Returns
    /// how long the last attempt took, too.
    async fn answer(
        &self,
        connection: &mut Option<Connection>,
        number: u64,
        forged: Option<&Token>,
        sent: &mut Sent,
    ) -> Result<(Answer, Duration), Error> {
        loop {
            let Some(open) = connection else {
                *connection = Connection::open(self.server).await.ok();
                if connection.is_none() {
                    sleep(PAUSE).await;
                }
                continue;
            };
            let callback = self.callback(self.plan.place(number), number.is_multiple_of(3))?;
            let event = event(&callback.corp_id, &user_id(number));
            let begun = Instant::now();
            match open.post(&callback, &event, forged.unwrap_or(&callback.token)).await {
                Ok(Answer::Unavailable) => {
                    sent.unavailable += 1;
                    sleep(PAUSE).await;
                }
                Ok(answer) => return Ok((answer, begun.elapsed())),
                Err(_) => {
                    sent.broken += 1;
                    *connection = None;
                }
            }
        }
    }
}
