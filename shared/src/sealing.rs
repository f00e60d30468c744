//! Sealing of the callback credentials, suite tickets and access tokens that are stored in DynamoDB: AES-256-GCM under a ring
//! of keys that is stored in Secrets Manager and rotated (docs/adr/0015-sealing-key-rotation.md).

mod callback_ids;
mod error;
mod key_ring;
mod keys;
mod seal;

pub use self::{error::SealError, key_ring::KeyRing, keys::SealingKeys};
