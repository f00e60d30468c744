//! What the server, the control interface and the ticket loop share: one world behind one lock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use wecom_callback::{Credentials, EncodingAesKey, Token};

use crate::api::Scene;
use crate::clock;
use crate::courier::{Courier, Stamp};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::faults::Faults;
use crate::journal::Journal;
use crate::options::{Limits, Options, Suite};
use crate::storage::{Kept, Storage};
use crate::world::{World, seeds};

/// The shared state.
pub(crate) struct Hub {
    pub(crate) base_url: String,
    pub(crate) suite: Suite,
    pub(crate) suite_credentials: Credentials,
    pub(crate) limits: Limits,
    pub(crate) ticket_interval: Duration,
    pub(crate) courier: Courier,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    /// Wakes the ticket loop.
    pub(crate) ticket_due: Notify,
    storage: Storage,
    state: Mutex<State>,
}

struct State {
    world: World,
    entropy: Entropy,
}

impl Hub {
    pub(crate) fn open(options: Options, base_url: String) -> Result<Self, Error> {
        let suite = options.suite;
        let suite_credentials = Credentials {
            token: Token::parse(&suite.token).map_err(|_| Error::Suite("Token"))?,
            encoding_aes_key: EncodingAesKey::parse(&suite.encoding_aes_key)
                .map_err(|_| Error::Suite("EncodingAESKey"))?,
        };
        let storage = Storage::new(options.data);
        let (mut world, entropy) = match storage.load(&suite.suite_id)? {
            Some(Kept { world, entropy, .. }) => (world, entropy),
            None => new_world(options.seed),
        };
        // A ticket from before the restart does not count as the first one.
        world.suite.ticket_accepted_at = None;
        if options.suite_callback_url.is_some() {
            world.suite.callback_url = options.suite_callback_url;
        }
        storage.save(&suite.suite_id, &entropy, &world)?;
        Ok(Self {
            base_url,
            suite,
            suite_credentials,
            limits: options.limits,
            ticket_interval: options.ticket_interval,
            courier: Courier::new()?,
            faults: Faults::default(),
            journal: Journal::default(),
            ticket_due: Notify::new(),
            storage,
            state: Mutex::new(State { world, entropy }),
        })
    }

    /// Changes the world, and keeps what it became.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Scene<'_>) -> T) -> T {
        let mut state = self.lock();
        let State { world, entropy } = &mut *state;
        let now = clock::now(world.clock_offset_seconds);
        let outcome = change(&mut Scene {
            world,
            entropy,
            suite: &self.suite,
            now,
        });
        if let Err(error) = self.storage.save(&self.suite.suite_id, &state.entropy, &state.world) {
            tracing::warn!(error = %error, "the simulator could not keep its state");
        }
        outcome
    }

    /// Looks at the world.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World, Timestamp) -> T) -> T {
        let state = self.lock();
        look(&state.world, clock::now(state.world.clock_offset_seconds))
    }

    /// WeCom's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.look(|_, now| now)
    }

    /// What one request to a callback draws afresh.
    pub(crate) fn stamp(&self) -> Stamp {
        let mut state = self.lock();
        let now = clock::now(state.world.clock_offset_seconds);
        Stamp {
            timestamp: now.as_second().to_string(),
            nonce: state.entropy.digits(10),
            prefix: state.entropy.prefix(),
        }
    }

    /// The text that a URL has to give back: 19 to 23 digits.
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
