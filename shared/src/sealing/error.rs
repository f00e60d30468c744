//! Errors of sealing.

/// Sealing or opening failed. The cause is logged and not shown to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key ring's secret does not hold a key ring.
    #[error("the key ring is malformed")]
    MalformedKeyRing,
    /// The pair was sealed under a key that the ring does not hold.
    #[error("the sealing key is unknown")]
    UnknownKey,
    /// The sealed text was altered, or sealed for something else.
    #[error("the sealed credentials do not open")]
    DoesNotOpen,
}
