//! The files of `console/dist/`, embedded.

use include_dir::{Dir, include_dir};

pub(super) static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../console/dist");

/// The contents of a file.
pub(super) fn embedded(path: &str) -> Option<&'static [u8]> {
    FILES.get_file(path).map(include_dir::File::contents)
}
