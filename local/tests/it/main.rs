//! The command itself, as a person at a terminal and a program that reads `local.json` meet it.

#[cfg(test)]
mod command;

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod running;
#[cfg(test)]
mod terminal;
