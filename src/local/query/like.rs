//! `LIKE`: `%` stands for any text, `_` for one character.

/// A pattern, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Char(char),
}

impl Pattern {
    /// Fails if the escape character is the last one.
    pub fn new(pattern: &str, escape: Option<char>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            parts.push(match char {
                char if Some(char) == escape => match chars.next() {
                    Some(escaped) => Part::Char(escaped),
                    None => return Err(format!("The pattern {pattern:?} ends with its escape")),
                },
                '%' if parts.last() == Some(&Part::Any) => continue,
                '%' => Part::Any,
                '_' => Part::One,
                char => Part::Char(char),
            });
        }
        Ok(Self(parts))
    }

    /// Whether the whole text matches. Greedy wildcard matching, which goes back to the last `%`
    /// only: that one can skip all that an earlier `%` could. So it takes at most pattern × text
    /// steps.
    pub fn matches(&self, text: &str) -> bool {
        let parts = &self.0;
        let (mut part, mut rest) = (0, text.chars());
        let mut last_any = None;
        loop {
            let mut ahead = rest.clone();
            match (parts.get(part), ahead.next()) {
                (Some(Part::Any), _) => {
                    part += 1;
                    last_any = Some((part, rest.clone()));
                    continue;
                }
                (None, None) => return true,
                (Some(Part::One), Some(_)) => {
                    (part, rest) = (part + 1, ahead);
                    continue;
                }
                (Some(Part::Char(expected)), Some(char)) if *expected == char => {
                    (part, rest) = (part + 1, ahead);
                    continue;
                }
                _ => {}
            }
            let Some((after, mut skipped)) = last_any else { return false };
            if skipped.next().is_none() {
                return false;
            }
            (part, rest) = (after, skipped.clone());
            last_any = Some((after, skipped));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Pattern;

    fn like(text: &str, pattern: &str) -> bool {
        Pattern::new(pattern, Some('\\')).unwrap().matches(text)
    }

    #[test]
    fn wildcards_and_escapes() {
        for (text, pattern) in [
            ("", ""),
            ("", "%"),
            ("abc", "a%"),
            ("abc", "%c"),
            ("abc", "_b_"),
            ("aXbXc", "a%b%c"),
            ("a_b", "a\\_b"),
            ("aaab", "%ab"),
            ("ä", "_"),
            ("a\nb", "a%b"),
        ] {
            assert!(like(text, pattern), "{text:?} {pattern:?}");
        }
        for (text, pattern) in
            [("a", ""), ("abc", "b%"), ("axb", "a\\_b"), ("ab", "_"), ("abcd", "%b%c")]
        {
            assert!(!like(text, pattern), "{text:?} {pattern:?}");
        }
        assert!(Pattern::new("a\\", Some('\\')).is_err());
    }
}
