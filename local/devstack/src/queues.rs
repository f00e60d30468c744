//! Amazon SQS, as far as a function's queue and its dead letters need it: standard queues in memory, with visibility timeouts,
//! receive counts and redrive; and FIFO queues, as far as their senders see them: order, and deduplication by id, which does not end
//! after five minutes. There are no long polls, delays or policies, and a group is not held back while one of its messages is hidden.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http::StatusCode;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::{
    answer::{self, Answer},
    call::Call,
    event_bus::random_uuid,
};

/// Most messages of one `ReceiveMessage` (SQS quotas).
const MAX_RECEIVED: usize = 10;
/// Longest visibility timeout, in seconds (SQS quotas).
const MAX_VISIBILITY: u64 = 12 * 60 * 60;

/// The queues of an endpoint. Clones share them.
#[derive(Clone)]
pub struct Queues {
    queues: Arc<Mutex<BTreeMap<String, Queue>>>,
    changes: watch::Sender<()>,
}

/// Settings of a queue.
#[derive(Debug, Clone)]
pub struct QueueSettings {
    /// How long a message is hidden that was received.
    pub visibility_timeout: Duration,
    /// Name of the queue that a message moves to, and how many times it is received before.
    pub redrive: Option<(String, u32)>,
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMessage {
    /// `messageId`.
    pub id: String,
    /// `receiptHandle`.
    pub receipt_handle: String,
    /// What was sent.
    pub body: String,
    /// `ApproximateReceiveCount`, this time included.
    pub receives: u32,
    /// `MessageGroupId`, in a FIFO queue.
    pub group_id: Option<String>,
}

struct Queue {
    settings: QueueSettings,
    messages: Vec<Message>,
    /// Deduplication ids that were sent.
    sent: BTreeSet<String>,
}

struct Message {
    id: String,
    body: String,
    receives: u32,
    group_id: Option<String>,
    receipt_handle: Option<String>,
    visible_at: Instant,
}

impl Default for Queues {
    fn default() -> Self {
        Self {
            queues: Arc::default(),
            changes: watch::Sender::new(()),
        }
    }
}

impl Queues {
    /// Creates a queue. One of the same name keeps its messages.
    pub fn create(&self, name: &str, settings: QueueSettings) {
        let mut queues = self.lock();
        let before = queues.remove(name);
        let (messages, sent) = before.map(|queue| (queue.messages, queue.sent)).unwrap_or_default();
        queues.insert(
            name.to_owned(),
            Queue {
                settings,
                messages,
                sent,
            },
        );
    }

    /// Sends a message; without such a queue it is dropped.
    pub fn send(&self, name: &str, body: String) {
        self.enqueue(name, random_uuid(), body, None);
    }

    /// Adds a message, unless one with its deduplication id was sent.
    fn enqueue(&self, name: &str, id: String, body: String, ordered: Option<[String; 2]>) {
        let (group_id, deduplication_id) = ordered.map(|[group, id]| (group, id)).unzip();
        let message = Message {
            id,
            body,
            receives: 0,
            group_id,
            receipt_handle: None,
            visible_at: Instant::now(),
        };
        if let Some(queue) = self.lock().get_mut(name)
            && deduplication_id.is_none_or(|id| queue.sent.insert(id))
        {
            queue.messages.push(message);
        }
        self.changes.send_replace(());
    }

    /// Receives up to `max` messages that are visible, and moves those that were received too many times to the dead letters.
    #[must_use]
    pub fn receive(&self, name: &str, max: usize) -> Vec<ReceivedMessage> {
        let now = Instant::now();
        let mut queues = self.lock();
        let Some(queue) = queues.get_mut(name) else {
            return Vec::new();
        };
        let hidden_until = now + queue.settings.visibility_timeout;
        let redrive = queue.settings.redrive.clone();
        let is_spent = |message: &Message| {
            redrive.as_ref().is_some_and(|(_, max)| message.receives >= *max) && message.visible_at <= now
        };
        let dead: Vec<_> = queue.messages.extract_if(.., |message| is_spent(message)).collect();
        let visible = queue.messages.iter_mut().filter(|message| message.visible_at <= now);
        let received = visible
            .take(max)
            .map(|message| {
                let receipt_handle = random_uuid();
                message.receives += 1;
                message.visible_at = hidden_until;
                message.receipt_handle = Some(receipt_handle.clone());
                ReceivedMessage {
                    id: message.id.clone(),
                    receipt_handle,
                    body: message.body.clone(),
                    receives: message.receives,
                    group_id: message.group_id.clone(),
                }
            })
            .collect();
        if let Some(letters) = redrive.and_then(|(name, _)| queues.get_mut(&name)) {
            letters.messages.extend(dead);
        }
        received
    }

    /// Deletes a message that was received, if it is still there.
    pub fn delete(&self, name: &str, receipt_handle: &str) {
        if let Some(queue) = self.lock().get_mut(name) {
            let is_it = |message: &Message| message.receipt_handle.as_deref() == Some(receipt_handle);
            queue.messages.retain(|message| !is_it(message));
        }
    }

    /// Hides a message that was received for `wait` from now on. Returns whether it was there.
    fn change_visibility(&self, name: &str, receipt_handle: &str, wait: Duration) -> bool {
        let mut queues = self.lock();
        let messages = queues.get_mut(name).into_iter().flat_map(|queue| &mut queue.messages);
        let mut those = messages.filter(|message| message.receipt_handle.as_deref() == Some(receipt_handle));
        let message = those.next();
        if let Some(message) = message {
            message.visible_at = Instant::now() + wait;
            self.changes.send_replace(());
            return true;
        }
        false
    }

    /// When the next message becomes visible; `None` when there is no message.
    #[must_use]
    pub fn next_visible(&self, name: &str) -> Option<Instant> {
        let queues = self.lock();
        queues
            .get(name)?
            .messages
            .iter()
            .map(|message| message.visible_at)
            .min()
    }

    /// Number of messages, hidden ones included.
    #[must_use]
    pub fn len(&self, name: &str) -> usize {
        self.lock().get(name).map_or(0, |queue| queue.messages.len())
    }

    /// Number of messages that are visible, and of those that are hidden.
    fn counts(&self, name: &str) -> [usize; 2] {
        let (queues, now) = (self.lock(), Instant::now());
        let messages = queues.get(name).map_or(&[][..], |queue| &queue.messages);
        let visible = messages.iter().filter(|message| message.visible_at <= now).count();
        [visible, messages.len() - visible]
    }

    /// Makes every message visible, as if its time had passed.
    pub fn make_visible(&self, name: &str) {
        if let Some(queue) = self.lock().get_mut(name) {
            for message in &mut queue.messages {
                message.visible_at = Instant::now();
            }
        }
        self.changes.send_replace(());
    }

    /// A receiver that is marked as changed after a message was sent or its visibility changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    pub(crate) fn answer(&self, call: &Call) -> Answer {
        let url = call
            .text("QueueUrl")
            .or_else(|| call.text("QueueName"))
            .unwrap_or_default();
        let name = url.rsplit('/').next().unwrap_or_default();
        if call.operation == "CreateQueue" {
            // With the settings that SQS has by default, whatever the attributes say.
            let settings = QueueSettings {
                visibility_timeout: Duration::from_secs(30),
                redrive: None,
            };
            self.create(name, settings);
            let url = format!("http://sqs.local/000000000000/{name}");
            return answer::json(StatusCode::OK, &json!({"QueueUrl": url}));
        }
        if !self.lock().contains_key(name) {
            return refused("QueueDoesNotExist", "The specified queue does not exist.");
        }
        let number = |member: &str| call.input.get(member).and_then(Value::as_u64);
        let handle = call.text("ReceiptHandle").unwrap_or_default();
        let is_done = match call.operation.as_str() {
            "SendMessage" => {
                let body = call.text("MessageBody").unwrap_or_default().to_owned();
                let id = random_uuid();
                self.enqueue(name, id.clone(), body, None);
                return answer::json(StatusCode::OK, &json!({"MessageId": id}));
            }
            "SendMessageBatch" => {
                let entries = call.input.get("Entries").and_then(Value::as_array);
                let sent = entries.into_iter().flatten().map(|entry| self.send_entry(name, entry));
                let sent: Vec<_> = sent.collect();
                return answer::json(StatusCode::OK, &json!({"Successful": sent, "Failed": []}));
            }
            "ReceiveMessage" => {
                let max = usize::try_from(number("MaxNumberOfMessages").unwrap_or(1)).unwrap_or(MAX_RECEIVED);
                let received = self.receive(name, max.min(MAX_RECEIVED));
                let messages: Vec<_> = received.iter().map(as_json).collect();
                return answer::json(StatusCode::OK, &json!({"Messages": messages}));
            }
            "GetQueueAttributes" => {
                let [visible, hidden] = self.counts(name).map(|count| count.to_string());
                let attributes = json!({
                    "ApproximateNumberOfMessages": visible,
                    "ApproximateNumberOfMessagesNotVisible": hidden,
                });
                return answer::json(StatusCode::OK, &json!({"Attributes": attributes}));
            }
            "DeleteMessage" => {
                self.delete(name, handle);
                true
            }
            "ChangeMessageVisibility" => match number("VisibilityTimeout") {
                Some(seconds @ 0..=MAX_VISIBILITY) => {
                    self.change_visibility(name, handle, Duration::from_secs(seconds))
                }
                _ => {
                    return refused(
                        "InvalidParameterValue",
                        "VisibilityTimeout must be between 0 and 43200.",
                    );
                }
            },
            _ => return refused("UnknownOperationException", "this operation of SQS is not implemented"),
        };
        if is_done {
            answer::json(StatusCode::OK, &json!({}))
        } else {
            refused("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        }
    }

    /// Sends an entry of a batch.
    fn send_entry(&self, name: &str, entry: &Value) -> Value {
        let text = |member: &str| entry.get(member).and_then(Value::as_str).map(str::to_owned);
        let ordered = text("MessageGroupId").zip(text("MessageDeduplicationId"));
        let id = random_uuid();
        let body = text("MessageBody").unwrap_or_default();
        self.enqueue(name, id.clone(), body, ordered.map(<[String; 2]>::from));
        json!({"Id": text("Id"), "MessageId": id, "MD5OfMessageBody": ""})
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_json(message: &ReceivedMessage) -> Value {
    json!({
        "MessageId": message.id,
        "ReceiptHandle": message.receipt_handle,
        "Body": message.body,
        "Attributes": {"ApproximateReceiveCount": message.receives.to_string()},
    })
}

fn refused(code: &str, message: &str) -> Answer {
    answer::error(StatusCode::BAD_REQUEST, code, message, &Map::new())
}
