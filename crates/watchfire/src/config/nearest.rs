//! The known name that a misspelt one most likely meant.

/// The nearest of `known`, if it is near enough to be what was meant: at most a third of the letters differ.
pub(super) fn nearest<'k>(misspelt: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "-");
    let misspelt = plain(misspelt);
    known
        .map(|name| (distance(&misspelt, &plain(name)), name))
        .filter(|(distance, name)| distance * 3 <= name.chars().count().max(misspelt.chars().count()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be put in, taken out or replaced to make one of the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["listen", "metrics-listen", "data", "url"];

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        for (misspelt, meant) in
            [("litsen", "listen"), ("metrics_listen", "metrics-listen"), ("Data", "data"), ("lisen", "listen")]
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
