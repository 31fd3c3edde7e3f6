//! No path of one person's machine in what everybody gets: home folders and the like.
//!
//! Looked for in every text file but lock files. A folder of that name inside a longer path is not one of these.

use super::Finding;
use crate::workspace::Workspace;

/// Folders that only a particular machine has.
const FOLDERS: [&str; 4] = ["/work/", "/root/", "/home/", "/Users/"];

/// Lines that name such a folder.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in workspace.files.iter().filter(|(path, _)| !is_lock_file(path)) {
        for (index, line) in text.lines().enumerate() {
            if let Some(folder) = FOLDERS.iter().find(|folder| names(line, folder)) {
                findings.push(Finding::at(path, index + 1, format!("`{folder}` is a folder of one machine")));
            }
        }
    }
    findings
}

fn is_lock_file(path: &str) -> bool {
    path.ends_with(".lock") || path.ends_with("package-lock.json")
}

/// Whether the folder stands at the beginning of a path in this line: after nothing, a mark, or the slashes of a `file://`.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].strip_suffix("file://").unwrap_or(&line[..at]);
        !before.ends_with(|letter: char| letter.is_alphanumeric() || "_.-/~}".contains(letter))
            || before.len() < line[..at].len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&Workspace::of(&[(path, text)])).len()
    }

    #[test]
    fn a_machine_path_is_found_in_every_dress() {
        for text in ["/root/x", "cd \"/home/ada/src\"", "file:///work/a", "PATH=/Users/ada/bin"] {
            assert_eq!(count("a.md", text), 1, "{text}");
        }
    }

    #[test]
    fn folders_of_that_name_elsewhere_pass() {
        for text in ["https://host/root/x", "crates/work/src", "$HOME/x", "./home/a", "work/in/progress"] {
            assert_eq!(count("a.md", text), 0, "{text}");
        }
    }

    #[test]
    fn lock_files_are_not_read() {
        assert_eq!(count("Cargo.lock", "/root/x"), 0);
    }
}
