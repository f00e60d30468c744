//! Sizes of binaries, which do not depend on the machine. CI fails if event-callback exceeds its limit.

use std::{fmt::Write as _, io::Write as _, path::Path};

use flate2::{Compression, write::DeflateEncoder};

use crate::{Error, Subject};

/// Maximum size of event-callback for x86-64, in bytes: its measured size (docs/performance.md) plus a twentieth.
const MAX_BYTES: usize = 8_800_000;
/// The same for the deflated binary, as in the archive that is uploaded.
const MAX_DEFLATED_BYTES: usize = 3_900_000;

struct Size {
    bytes: usize,
    deflated: usize,
}

impl Size {
    fn of(binary: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(binary).map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        Ok(Self {
            bytes: bytes.len(),
            deflated: encoder.finish()?.len(),
        })
    }
}

/// Bytes of each binary, as a table.
pub(crate) fn table(subjects: &[Subject]) -> Result<String, Error> {
    let mut text = "| binary | bytes | deflated |\n| --- | ---: | ---: |\n".to_owned();
    for subject in subjects {
        let Size { bytes, deflated } = Size::of(&subject.binary)?;
        writeln!(text, "| {} | {bytes} | {deflated} |", subject.name)?;
    }
    Ok(text)
}

/// Prints the sizes of all subjects.
///
/// # Errors
/// When event-callback is larger than the limit.
pub(crate) fn hold(subjects: &[Subject]) -> Result<(), Error> {
    println!("{}", table(subjects)?);
    let subject = subjects.iter().find(|subject| subject.name == "event-callback");
    let Size { bytes, deflated } = Size::of(&subject.ok_or("event-callback is not among them")?.binary)?;
    if bytes > MAX_BYTES || deflated > MAX_DEFLATED_BYTES {
        return Err(format!("event-callback is too large: {bytes} bytes, {deflated} deflated; allowed are {MAX_BYTES} and {MAX_DEFLATED_BYTES}").into());
    }
    Ok(())
}
