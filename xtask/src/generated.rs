//! Files in the tree that a program of ours prints: made again, and refused when they were stale.
//!
//! A stale file is overwritten, so that the fix is a commit; in CI, where the tree is clean, that equals `git diff --exit-code`.
//! `check` calls it. Register what is generated in the list below.

use std::{fs, io, path::Path};

use crate::{
    command::{self, workspace_root},
    failure::Failure,
};

/// A file and the command whose output it is.
struct Generated {
    /// The file's path from the root.
    path: &'static str,
    /// The program and its arguments, run in the root.
    command: &'static [&'static str],
}

/// All generated files.
const GENERATED: &[Generated] = &[];

/// Makes every generated file again.
///
/// # Errors
/// A command fails, a file cannot be written, or one was stale.
pub(crate) fn run() -> Result<(), Failure> {
    let mut stale = Vec::new();
    for file in GENERATED {
        let text = command::output(file.command)?;
        if refresh(&workspace_root().join(file.path), &text)? == Freshness::Stale {
            stale.push(file.path);
        }
    }
    println!("{} generated files", GENERATED.len());
    if stale.is_empty() { Ok(()) } else { Err(Failure::Stale { paths: stale }) }
}

/// Whether a file held what its command prints.
#[derive(Debug, PartialEq, Eq)]
enum Freshness {
    Fresh,
    Stale,
}

/// Writes the text where it differs from what the file holds.
fn refresh(path: &Path, text: &[u8]) -> Result<Freshness, Failure> {
    let failure = |source| Failure::File { path: path.to_path_buf(), source };
    match fs::read(path) {
        Ok(present) if present == text => return Ok(Freshness::Fresh),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failure(error)),
        Ok(_) | Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failure)?;
    }
    fs::write(path, text).map_err(failure)?;
    Ok(Freshness::Stale)
}

#[cfg(test)]
mod tests {
    use std::{env, process};

    use super::*;

    #[test]
    fn a_missing_or_different_file_is_stale_once() -> Result<(), Failure> {
        let folder = env::temp_dir().join(format!("watchfire-generated-{}", process::id()));
        let path = folder.join("deep/file.txt");
        assert_eq!(refresh(&path, b"one")?, Freshness::Stale);
        assert_eq!(refresh(&path, b"one")?, Freshness::Fresh);
        assert_eq!(refresh(&path, b"two")?, Freshness::Stale);
        assert_eq!(refresh(&path, b"two")?, Freshness::Fresh);
        fs::remove_dir_all(&folder).map_err(|source| Failure::File { path: folder, source })
    }
}
