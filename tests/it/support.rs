//! What the tests stand on: a running product, the people who use it, and what everybody said.

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
