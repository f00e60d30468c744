#![doc = include_str!("../README.md")]

mod api;
mod clock;
mod control;
mod courier;
mod delivery;
mod entropy;
mod errcode;
mod error;
mod events;
mod faults;
mod hub;
mod install;
mod journal;
mod options;
mod pages;
mod server;
mod simulator;
mod storage;
mod tickets;
mod world;

pub use control::requests::{
    ClockRequest, EventRequest, InstallRequest, NewCorporation, SettingsPatch, SuiteEventRequest, SwitchesPatch,
};
pub use control::views::{
    ClockView, CorporationView, DeliveriesView, EventNames, InstallView, SecretView, StateView, SuiteView,
};
pub use control::{Control, ControlError};
pub use courier::{ECHOSTR_DID_NOT_PASS, Spoil, URL_DID_NOT_PASS};
pub use delivery::{CheckOutcome, Delivery, Outcome};
pub use error::Error;
pub use faults::Fault;
pub use journal::CallRecord;
pub use options::{Limits, Options, Suite};
pub use simulator::Simulator;
pub use world::corporation::{
    AuthMode, CallbackForm, CallbackSlot, Callbacks, Installation, SavedCallback, Scope, SecretKind, Secrets,
};
pub use world::settings::{Settings, Switches};
