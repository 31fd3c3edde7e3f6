//! The known name that a misspelt one most likely meant.

/// The nearest of `known`, if it is near enough to be what was meant: at most a third of the letters differ.
pub(super) fn nearest<'k>(misspelt: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let misspelt = plain(misspelt);
    known
        .map(|name| (distance(&misspelt, &plain(name)), name))
        .filter(|(distance, name)| distance * 3 <= name.chars().count().max(misspelt.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Whether two names differ in capitals and dashes at most.
pub(super) fn is_the_same(left: &str, right: &str) -> bool {
    plain(left) == plain(right)
}

fn plain(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// How many letters must be put in, taken out, replaced or swapped with the next to make one of the other.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    // `costs[i][j]` is the distance of the first i letters from the first j.
    let mut costs = vec![vec![0; right.len() + 1]; left.len() + 1];
    for i in 0..=left.len() {
        for j in 0..=right.len() {
            if i == 0 || j == 0 {
                costs[i][j] = i + j;
                continue;
            }
            let replaced = costs[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            costs[i][j] = replaced.min(costs[i - 1][j] + 1).min(costs[i][j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                costs[i][j] = costs[i][j].min(costs[i - 2][j - 2] + 1);
            }
        }
    }
    costs[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["listen", "metrics-listen", "data", "url"];

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        for (misspelt, meant) in
            [("litsen", "listen"), ("metrics_listen", "metrics-listen"), ("Data", "data"), ("dtaa", "data")]
        {
            assert_eq!(nearest(misspelt, KNOWN.into_iter()), Some(meant), "{misspelt}");
        }
    }

    #[test]
    fn another_word_finds_nothing() {
        for word in ["", "colour", "x", "retention"] {
            assert_eq!(nearest(word, KNOWN.into_iter()), None, "{word}");
        }
    }
}
