//! Sealing of the callback credentials, suite tickets and access tokens that are stored in DynamoDB: AES-256-GCM under a ring
//! of keys that is stored in Secrets Manager and rotated (docs/adr/0015-sealing-key-rotation.md). And of an export, to a key that the
//! operator names.

mod age;
mod callback_ids;
mod error;
mod key_ring;
mod keys;
mod seal;

pub use self::{
    age::{MalformedRecipient, Recipient},
    error::SealError,
    key_ring::KeyRing,
    keys::SealingKeys,
};
