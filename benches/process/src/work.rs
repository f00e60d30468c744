//! Invocations of the functions, in the form in which API Gateway and the streams send them.

use std::path::Path;

use serde_json::Value;
use tests::{
    people::{ACME, ACME_CONTACTS, SUITE_CALLBACK, SUITE_ID},
    sealed_event,
};

use crate::Error;

/// The invocations of a run: the first, and whether more follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// New events of about 2 KB on one callback; the plainest function receives the same.
    Events,
    /// New events of the suite.
    SuiteEvents,
    /// One sample of `events/`.
    Sample(&'static str),
}

impl Work {
    /// Whether WeCom is the caller, which waits for one second.
    pub(crate) fn is_of_wecom(self) -> bool {
        !matches!(self, Self::Sample(_))
    }
}

/// The functions, and for those that are no callbacks the sample they are invoked with.
pub(crate) const FUNCTIONS: [(&str, Work); 19] = [
    ("event-callback", Work::Events),
    ("suite-callback", Work::SuiteEvents),
    ("check-authorization", Work::Sample("checked")),
    ("check-health", Work::Sample("due")),
    ("complete-authorization", Work::Sample("completed")),
    ("console", Work::Sample("page")),
    ("publish-events", Work::Sample("new-and-repeated")),
    ("disconnect", Work::Sample("disconnected")),
    ("generate-credentials", Work::Sample("shown")),
    ("installation-callback", Work::Sample("installed")),
    ("issue-access-token", Work::Sample("cached")),
    ("process-suite-event", Work::Sample("suite-ticket")),
    ("read-authorization", Work::Sample("state")),
    ("register-secret", Work::Sample("accepted")),
    ("replay-event", Work::Sample("replayed")),
    ("share-credentials", Work::Sample("made")),
    ("start-installation", Work::Sample("link")),
    ("test-callback", Work::Sample("unreachable")),
    ("update-settings", Work::Sample("default")),
];

/// Writes the invocations of one function.
pub(crate) struct Writer {
    function: &'static str,
    work: Work,
    template: Value,
    written: u32,
}

impl Writer {
    pub(crate) fn new(function: &'static str, work: Work) -> Result<Self, Error> {
        let template = match work {
            Work::Events => sample("event-callback", "event")?,
            Work::SuiteEvents => sample("suite-callback", "suite-ticket")?,
            Work::Sample(name) if function == crate::HELLO => sample("event-callback", name)?,
            Work::Sample(name) => sample(function, name)?,
        };
        Ok(Self {
            function,
            work,
            template,
            written: 0,
        })
    }

    /// Whether there is more than one invocation.
    pub(crate) fn has_more(&self) -> bool {
        self.work.is_of_wecom()
    }

    /// The next invocation.
    pub(crate) fn next(&mut self) -> String {
        self.written += 1;
        let number = self.written;
        let sealed = match self.work {
            Work::Sample(_) => return self.template.to_string(),
            Work::Events => {
                let message = format!(
                    "<xml><ToUserName>{0}</ToUserName><FromUserName>sys</FromUserName><CreateTime>1795000000</CreateTime>\
                     <MsgType>event</MsgType><Event>change_contact</Event><ChangeType>create_user</ChangeType>\
                     <UserID>user-{number}</UserID><Alias>{1}</Alias></xml>",
                    ACME.corp_id,
                    "x".repeat(1_800),
                );
                sealed_event(&ACME_CONTACTS, ACME.corp_id, &message)
            }
            Work::SuiteEvents => {
                let message = format!(
                    "<xml><SuiteId>{SUITE_ID}</SuiteId><InfoType>suite_ticket</InfoType><TimeStamp>1795000000</TimeStamp>\
                     <SuiteTicket>ticket-{number}</SuiteTicket></xml>",
                );
                sealed_event(&SUITE_CALLBACK, SUITE_ID, &message)
            }
        };
        let mut event = self.template.clone();
        if let Some(event) = event.as_object_mut() {
            event.insert("rawQueryString".to_owned(), sealed.query.into());
            event.insert("body".to_owned(), sealed.body.into());
        }
        event.to_string()
    }

    /// Fails if an answer is not the expected one, so that a failing function is not measured.
    pub(crate) fn check(&self, answer: &Value) -> Result<(), Error> {
        let status = answer["statusCode"].as_u64();
        let good = match self.work {
            Work::Events | Work::SuiteEvents => status == Some(200) && answer["body"] == "success",
            Work::Sample(_) => status.is_none_or(|status| status < 400),
        };
        if good {
            Ok(())
        } else {
            Err(format!("{} answered {answer}", self.function).into())
        }
    }
}

fn sample(function: &str, name: &str) -> Result<Value, Error> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = root.join("events").join(function).join(format!("{name}.json"));
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
