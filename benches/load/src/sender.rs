//! A sender, which sends one event after the other to one callback.

use std::{net::SocketAddr, time::Instant};

use crate::{
    Error,
    connection::{Answer, Callback, Connection, event, token_of_a_stranger},
    sent::Sent,
};

pub(crate) struct Sender {
    pub(crate) number: u64,
    pub(crate) callback: Callback,
    pub(crate) one_in: u64,
}

impl Sender {
    pub(crate) async fn run(self, server: SocketAddr, until: Instant) -> Result<Sent, Error> {
        let mut connection = Connection::open(server).await?;
        let stranger = token_of_a_stranger()?;
        let callback = &self.callback;
        let mut sent = Sent::default();
        for count in 0_u64.. {
            if Instant::now() >= until {
                break;
            }
            let event = event(&callback.corp_id, &format!("u{}-{count}", self.number));
            match connection.post(callback, &event, &callback.token).await? {
                Answer::Success => sent.events += 1,
                _ => sent.other += 1,
            }
            if count % self.one_in == self.one_in / 3 {
                match connection.post(callback, &event, &callback.token).await? {
                    Answer::Success => sent.repeated += 1,
                    _ => sent.other += 1,
                }
            }
            if count % self.one_in == self.one_in / 2 {
                sent.forged += 1;
                match connection.post(callback, &event, &stranger).await? {
                    Answer::Refused => sent.refused += 1,
                    _ => sent.other += 1,
                }
            }
        }
        Ok(sent)
    }
}
