//! The file of the secret key: one line of text, readable by its owner alone.
//!
//! Responsible for making it whole or not at all, and for refusing one that others can read or that is no key. Refuses to
//! decide when a new one may be made: that is known by who has looked into the store.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{KEY_BYTES, SecretKey};

/// The file's name in a data folder.
pub const SECRET_KEY_FILE: &str = "secret-key";
/// What its line begins with.
const PREFIX: &str = "watchfire-key-1 ";
/// A file that is longer is none.
const FILE_BYTES_MAX: u64 = 4 * 1024;
/// What others may do with a file.
const OTHERS: u32 = 0o077;

/// Why a key file cannot be used. No text holds any of the file's.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no secret key file {}", file.display())]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// There is one already, which is never overwritten.
    #[error("the secret key file {} is there already", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error(
        "the secret key file {} is open to others (mode {mode:04o}): run `chmod 600 {}`, and take its secrets for known if \
         others may have read it", file.display(), file.display()
    )]
    TooOpen {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds something else.
    #[error("{} is no secret key file: it must hold one line, `{}` and 44 characters of base64", file.display(), PREFIX.trim_end())]
    NotAKey {
        /// The file.
        file: PathBuf,
    },
    /// It cannot be read.
    #[error("cannot read the secret key file {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be made.
    #[error("cannot make the secret key file {}", file.display())]
    Make {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Reads a key.
///
/// # Errors
/// See [`KeyFileError`].
pub fn read_key_file(file: &Path, random: fn(&mut [u8])) -> Result<SecretKey, KeyFileError> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound => KeyFileError::Missing { file: file.to_path_buf() },
        _ => KeyFileError::Read { file: file.to_path_buf(), source },
    };
    let opened = File::open(file).map_err(failed)?;
    // Of the file that is read, not of the one that has its name a moment later.
    let mode = opened.metadata().map_err(failed)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(KeyFileError::TooOpen { file: file.to_path_buf(), mode });
    }
    let mut bytes = Vec::new();
    opened.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    let key = std::str::from_utf8(&bytes).ok().and_then(key_of);
    key.map(|key| SecretKey::new(key, random)).ok_or_else(|| KeyFileError::NotAKey { file: file.to_path_buf() })
}

/// Makes a key and its file. The file has its name only when it is whole and on the disk, so a process that is killed here leaves
/// none that is half written; of two processes that make it at once, one is told that it exists.
///
/// # Errors
/// `Exists`, or `Make` with what the system says.
pub fn make_key_file(file: &Path, random: fn(&mut [u8])) -> Result<SecretKey, KeyFileError> {
    let key = SecretKey::generate(random);
    let unfinished = unfinished(file, random);
    let made = write_new(&unfinished, &key).and_then(|()| std::fs::hard_link(&unfinished, file));
    // There is none where it could not be made.
    drop(std::fs::remove_file(&unfinished));
    match made.and_then(|()| sync_folder(file)) {
        Ok(()) => Ok(key),
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(KeyFileError::Exists { file: file.to_path_buf() })
        }
        Err(source) => Err(KeyFileError::Make { file: file.to_path_buf(), source }),
    }
}

/// The name of a file that is being made: nobody else's.
fn unfinished(file: &Path, random: fn(&mut [u8])) -> PathBuf {
    let mut bytes = [0; 8];
    random(&mut bytes);
    let mut name = file.as_os_str().to_owned();
    name.push(format!(".{:016x}", u64::from_ne_bytes(bytes)));
    PathBuf::from(name)
}

fn write_new(file: &Path, key: &SecretKey) -> std::io::Result<()> {
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(format!("{PREFIX}{}\n", STANDARD.encode(key.bytes)).as_bytes())?;
    made.sync_all()
}

fn sync_folder(file: &Path) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn key_of(text: &str) -> Option<[u8; KEY_BYTES]> {
    let encoded = text.trim_end().strip_prefix(PREFIX)?;
    STANDARD.decode(encoded).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn random(bytes: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        for byte in bytes {
            *byte = NEXT.fetch_add(7, Ordering::Relaxed).to_le_bytes()[0];
        }
    }

    fn refusal(file: &Path) -> String {
        read_key_file(file, random).err().unwrap().to_string()
    }

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        std::fs::read_dir(folder).unwrap().map(name).collect()
    }

    #[test]
    fn a_key_is_made_for_its_owner_alone_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let made = make_key_file(&file, random).unwrap();
        assert!(read_key_file(&file, random).unwrap().id() == made.id());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["key"]);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("watchfire-key-1 ") && text.ends_with("=\n") && text.len() == 61, "{text:?}");
    }

    #[test]
    fn a_key_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let first = make_key_file(&file, random).unwrap();
        assert!(matches!(make_key_file(&file, random), Err(KeyFileError::Exists { .. })));
        assert!(read_key_file(&file, random).unwrap().id() == first.id());
        assert_eq!(names(folder.path()), ["key"]);
        let nowhere = folder.path().join("no-such-folder/key");
        assert!(matches!(make_key_file(&nowhere, random), Err(KeyFileError::Make { .. })));
    }

    #[test]
    fn a_file_that_others_may_use_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        make_key_file(&file, random).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let refusal = refusal(&file);
            assert!(refusal.contains(&format!("mode {mode:04o}")) && refusal.contains("chmod 600"), "{refusal}");
        }
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        read_key_file(&file, random).map(drop).unwrap();
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        assert!(matches!(read_key_file(&file, random), Err(KeyFileError::Missing { .. })));
        make_key_file(&file, random).unwrap();
        let whole = std::fs::read_to_string(&file).unwrap();
        for text in ["", "hunter2", &whole[1..], &whole[..40], &format!("{whole}{whole}"), &"x".repeat(10_000)] {
            std::fs::write(&file, text).unwrap();
            assert!(matches!(read_key_file(&file, random), Err(KeyFileError::NotAKey { .. })), "{text:?}");
            assert!(!refusal(&file).contains("hunter2"));
        }
        std::fs::write(&file, whole.replace('\n', "\r\n\n")).unwrap();
        read_key_file(&file, random).map(drop).unwrap();
        assert!(matches!(
            read_key_file(folder.path(), random),
            Err(KeyFileError::TooOpen { .. } | KeyFileError::Read { .. })
        ));
    }
}
