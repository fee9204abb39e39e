//! What became of a model that was trained on somebody's rows once they are to be erased. Owns its states; which models those
//! are is found by the faces.

use serde::{Deserialize, Serialize};

/// Where a model stands with an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelState {
    /// A data set that it was trained on held the person's rows, and nobody has said what follows from that.
    ToRetrain,
    /// It was trained anew without them, or is no longer used.
    Retrained,
    /// It stays as it is, for a reason that is kept.
    Justified,
}

impl ModelState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::ToRetrain, Self::Retrained, Self::Justified];

    /// The longest reason, in characters.
    pub const MAX_REASON: usize = 500;

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToRetrain => "to_retrain",
            Self::Retrained => "retrained",
            Self::Justified => "justified",
        }
    }

    /// Whether the reason fits the state: leaving a model as it is needs one, and the other states have none.
    pub fn takes(self, reason: Option<&str>) -> bool {
        match (self, reason) {
            (Self::Justified, Some(text)) => {
                !text.trim().is_empty()
                    && text.chars().count() <= Self::MAX_REASON
                    && !text.chars().any(char::is_control)
            }
            (Self::Justified, None) => false,
            (_, reason) => reason.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_as_it_is_has_a_reason_and_it_must_have_one() {
        assert!(ModelState::Justified.takes(Some("the rows were two of a billion")));
        for bad in [None, Some(""), Some(" "), Some("a\nb")] {
            assert!(!ModelState::Justified.takes(bad), "{bad:?}");
        }
        assert!(!ModelState::Justified.takes(Some(&"x".repeat(501))));
        assert!(ModelState::Retrained.takes(None) && !ModelState::Retrained.takes(Some("x")));
    }
}
