//! State shared by server, control interface and ticket loop, behind one lock.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    api::Context,
    callback_client::{CallbackClient, Stamp},
    clock,
    entropy::Entropy,
    error::Error,
    faults::Faults,
    journal::Journal,
    options::{Limits, Options},
    storage::{Saved, Storage},
    suites::{Registered, Suites},
    world::{World, seeds},
};

/// State and services of a running simulator.
pub(crate) struct Shared {
    pub(crate) base_url: String,
    pub(crate) suites: Suites,
    pub(crate) limits: Limits,
    pub(crate) ticket_interval: Duration,
    pub(crate) callback_client: CallbackClient,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    storage: Storage,
    state: Mutex<State>,
}

struct State {
    world: World,
    entropy: Entropy,
}

impl Shared {
    pub(crate) fn open(options: Options, base_url: String) -> Result<Self, Error> {
        let others = options.other_suites.into_iter().map(Registered::new);
        let suites = Suites {
            base_url: base_url.clone(),
            first: Registered::new(options.suite)?,
            others: others.collect::<Result<_, _>>()?,
        };
        let suite_id = &suites.first.suite.suite_id;
        let storage = Storage::new(options.data);
        let (mut world, entropy) = match storage.load(suite_id)? {
            Some(Saved { world, entropy, .. }) => (world, entropy),
            None => new_world(options.seed),
        };
        // A ticket from before the restart does not count as the first one.
        world.suite.ticket_accepted_at = None;
        for side in world.other_suites.values_mut() {
            side.ticket_accepted_at = None;
        }
        if options.suite_callback_url.is_some() {
            world.suite.callback_url = options.suite_callback_url;
        }
        storage.save(suite_id, &entropy, &world)?;
        Ok(Self {
            base_url,
            suites,
            limits: options.limits,
            ticket_interval: options.ticket_interval,
            callback_client: CallbackClient::new()?,
            faults: Faults::default(),
            journal: Journal::default(),
            storage,
            state: Mutex::new(State { world, entropy }),
        })
    }

    /// Changes the state, and saves it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Context<'_>) -> T) -> T {
        let mut state = self.lock();
        let State { world, entropy } = &mut *state;
        let now = clock::now(world.clock_offset_seconds);
        let outcome = change(&mut Context {
            world,
            entropy,
            suites: &self.suites,
            now,
        });
        if let Err(error) = self
            .storage
            .save(&self.suites.first.suite.suite_id, &state.entropy, &state.world)
        {
            tracing::warn!(error = %error, "the simulator could not keep its state");
        }
        outcome
    }

    /// Reads the state.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World, Timestamp) -> T) -> T {
        let state = self.lock();
        look(&state.world, clock::now(state.world.clock_offset_seconds))
    }

    /// WeCom's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.look(|_, now| now)
    }

    /// New values for a request to a callback.
    pub(crate) fn stamp(&self) -> Stamp {
        let mut state = self.lock();
        let now = clock::now(state.world.clock_offset_seconds);
        Stamp {
            timestamp: now.as_second().to_string(),
            nonce: state.entropy.digits(10),
            prefix: state.entropy.prefix(),
        }
    }

    /// Plaintext of a URL check: 19 to 23 digits.
    pub(crate) fn echo_text(&self) -> String {
        let mut state = self.lock();
        let length = 19 + state.entropy.below(5);
        state.entropy.digits(length)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn new_world(seed: Option<u64>) -> (World, Entropy) {
    let mut entropy = Entropy::new(seed);
    let corporations = seeds::corporations(&mut entropy);
    (
        World {
            corporations,
            ..World::default()
        },
        entropy,
    )
}
