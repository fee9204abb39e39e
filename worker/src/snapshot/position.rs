//! How far logs were read. Owns the text form: the last index of each database's log, with dots between them.

use std::fmt;

/// The last event that was read, in each database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position(pub(crate) Vec<u64>);

impl Position {
    /// Parses the text form for so many databases.
    pub(crate) fn parse(text: &str, shards: usize) -> Option<Self> {
        let parts: Vec<u64> =
            text.split('.').map(|part| part.parse().ok().filter(|n| *n < 1 << 53)).collect::<Option<_>>()?;
        (parts.len() == shards).then_some(Self(parts))
    }

    /// In one database.
    pub(crate) fn of(&self, shard: usize) -> u64 {
        self.0.get(shard).copied().unwrap_or(0)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&parts.join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_has_a_number_for_each_database() {
        assert_eq!(Position::parse("17", 1), Some(Position(vec![17])));
        assert_eq!(Position::parse("17.4", 2).map(|position| position.to_string()), Some("17.4".into()));
        for bad in ["", "x", "-1", "17.4", "99999999999999999999"] {
            assert_eq!(Position::parse(bad, 1), None, "{bad}");
        }
    }
}
