//! Sizes of binaries, which depend on no machine: CI holds event-callback to them.

use std::{fmt::Write as _, io::Write as _, path::Path};

use flate2::{Compression, write::DeflateEncoder};

use crate::{Error, Subject};

/// What event-callback may measure at most, built for x86-64: what it does measure (docs/performance.md) and a twentieth.
const MAX_BYTES: usize = 8_800_000;
/// The same, deflated as in the archive that is uploaded.
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

/// Prints the sizes.
///
/// # Errors
/// When event-callback is larger than it may be.
pub(crate) fn hold(subjects: &[Subject]) -> Result<(), Error> {
    println!("{}", table(subjects)?);
    let subject = subjects.iter().find(|subject| subject.name == "event-callback");
    let Size { bytes, deflated } = Size::of(&subject.ok_or("event-callback is not among them")?.binary)?;
    if bytes > MAX_BYTES || deflated > MAX_DEFLATED_BYTES {
        return Err(format!("event-callback may have {MAX_BYTES} bytes, {MAX_DEFLATED_BYTES} deflated").into());
    }
    Ok(())
}
