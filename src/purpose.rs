//! What data may be used for. Owns the built-in purposes and the rule for the slugs that a site declares; which of them a
//! site offers is the site's configuration and no concern of this module.

use crate::slug::Slug;
use core::fmt;

/// A use of personal data that a person can allow or refuse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Training machine-learning models on the person's data.
    ModelTraining,
    /// Feeding the person's data to a model to get an answer.
    Inference,
    /// Measuring how a product is used.
    Analytics,
    /// Adapting content to the person.
    Personalization,
    /// Selling or sharing personal information (California Civil Code § 1798.120).
    SaleOrSharing,
    /// A purpose that a site declares itself.
    Declared(Slug),
}

impl Purpose {
    /// The purposes that every site has unless it configures others, in the order they are shown.
    pub const DEFAULT: [Self; 4] =
        [Self::ModelTraining, Self::Inference, Self::Analytics, Self::Personalization];

    /// Its name on the wire: lower case with underscores.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ModelTraining => "model_training",
            Self::Inference => "inference",
            Self::Analytics => "analytics",
            Self::Personalization => "personalization",
            Self::SaleOrSharing => "sale_or_sharing",
            Self::Declared(slug) => slug.as_str(),
        }
    }

    /// Parses a built-in name or a slug; `None` if the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "model_training" => Self::ModelTraining,
            "inference" => Self::Inference,
            "analytics" => Self::Analytics,
            "personalization" => Self::Personalization,
            "sale_or_sharing" => Self::SaleOrSharing,
            other => Self::Declared(Slug::parse(other)?),
        })
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "full")]
mod wire {
    use super::Purpose;
    use alloc::string::String;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    impl Serialize for Purpose {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(self.as_str())
        }
    }

    impl<'de> Deserialize<'de> for Purpose {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| {
                D::Error::custom(
                    "a purpose is model_training, inference, analytics, personalization, sale_or_sharing or a \
                     name of up to 64 lower-case letters, digits and underscores that the site declares",
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back() {
        for purpose in Purpose::DEFAULT.into_iter().chain([Purpose::SaleOrSharing]) {
            assert_eq!(Purpose::parse(purpose.as_str()), Some(purpose));
        }
    }

    #[test]
    fn a_declared_purpose_is_a_slug() {
        assert!(matches!(Purpose::parse("fraud_checks2"), Some(Purpose::Declared(_))));
        assert_eq!(Purpose::parse("Fraud"), None);
    }
}
