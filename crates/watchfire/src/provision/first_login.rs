//! The file that holds the first login where there is no terminal to show it on.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file's name in the data folder.
pub const FIRST_LOGIN_FILE: &str = "first-login";

/// Writes the text into the folder's file that only its owner may read, and gives the file's path.
///
/// # Errors
/// What the system says.
pub fn write_first_login(folder: &Path, text: &str) -> std::io::Result<PathBuf> {
    let path = folder.join(FIRST_LOGIN_FILE);
    // One from an earlier store may have other rights, which opening it would keep.
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_the_owner_may_read_the_file_even_if_an_older_one_was_open_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let older = folder.path().join(FIRST_LOGIN_FILE);
        std::fs::write(&older, "older").unwrap();
        std::fs::set_permissions(&older, PermissionsExt::from_mode(0o644)).unwrap();
        let path = write_first_login(folder.path(), "secret").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "secret");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
