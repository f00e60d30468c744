//! Writes the files that are made from the catalogue, in the repository that is the working directory.

use std::{fs, io};

fn main() -> io::Result<()> {
    for file in catalogue::generated() {
        if let Some(directory) = file.path.parent() {
            fs::create_dir_all(directory)?;
        }
        fs::write(&file.path, file.content)?;
    }
    Ok(())
}
