//! Support for the tests: a running product, its users, and the log and answers of everything.

pub(crate) mod age;
mod capture;
pub(crate) mod letter;
mod people;
mod reply;
mod world;

pub(crate) use self::{
    letter::{Check, Letter},
    people::{Admin, Browser},
    reply::Reply,
    world::{CORP, Credentials, OTHER_CORP, Scope, World, eventually},
};
