//! The whole product over HTTP, as its users and WeCom see it. Every test runs its own instance: all functions, the
//! stores and a simulated WeCom, on free loopback ports and with its own data directory.

#![cfg(test)]

mod support;

mod among_many;
mod app_events;
mod assist;
mod audit_export;
mod bad_requests;
mod bindings;
mod bus;
mod callback_input;
mod calls;
mod capacity;
mod catalogue;
mod check;
mod claims;
mod clients;
mod contract;
mod customized_app;
mod deletion;
mod documents;
mod domains;
mod ends;
mod event_queue;
mod event_schema;
mod events;
mod export;
mod faults;
mod gaps;
mod half_disconnected;
mod help;
mod import;
mod install_mistakes;
mod modules;
mod openapi;
mod operations;
mod operators;
mod operators_cost;
mod operators_terminal;
mod permissions;
mod persons;
mod rate_limits;
mod reconcile;
mod refusals;
mod replays;
mod restore;
mod retention;
mod rotation;
mod rotation_counted;
mod samples;
mod sealing;
mod secrecy;
mod secret_mistakes;
mod self_test;
mod several_suites;
mod suite_events;
mod template;
mod token_broker;
mod uncertain_authorization;
mod walk;
mod webhooks;
mod who_may_bind;
mod year;
