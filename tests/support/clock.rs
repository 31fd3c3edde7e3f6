//! A wall clock that a test can move: that of one process, the server's.
//!
//! A small library, built with the C compiler that SQLite was built with, stands before the system's and adds what a file says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/support/clock.c");

/// The clock. It outlives the servers that read it.
pub(crate) struct MovedClock {
    /// Holds the library and the offset.
    _folder: TempDir,
    library: PathBuf,
    offset: PathBuf,
}

impl MovedClock {
    /// A clock that shows the right time.
    pub(crate) fn new() -> MovedClock {
        let folder = TempDir::with_prefix("watchfire-clock-").unwrap();
        let (library, offset) = (folder.path().join("clock.so"), folder.path().join("offset"));
        build(&library);
        let clock = MovedClock { _folder: folder, library, offset };
        clock.set(0);
        clock
    }

    /// With this in its environment a server reads the clock.
    pub(crate) fn environment(&self) -> [(&str, &str); 2] {
        [("LD_PRELOAD", self.library.to_str().unwrap()), ("TEST_CLOCK_OFFSET_FILE", self.offset.to_str().unwrap())]
    }

    /// Moves it so many seconds ahead of the right time. The file is replaced as a whole: a reader sees the old offset or the
    /// new one.
    pub(crate) fn set(&self, seconds: i64) {
        let new = self.offset.with_extension("new");
        fs::write(&new, seconds.to_string()).unwrap();
        fs::rename(new, &self.offset).unwrap();
    }
}

fn build(library: &Path) {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let built =
        Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).arg(library).arg(SOURCE).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}
