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

/// What the rules have to know of a purpose, without the name of a declared one, which makes no difference to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Purpose::ModelTraining`].
    ModelTraining,
    /// [`Purpose::Inference`].
    Inference,
    /// [`Purpose::Analytics`].
    Analytics,
    /// [`Purpose::Personalization`].
    Personalization,
    /// [`Purpose::SaleOrSharing`].
    SaleOrSharing,
    /// Any that a site declares itself.
    Declared,
}

/// The name of [`Purpose::SaleOrSharing`].
pub(crate) const SALE_OR_SHARING: &str = "sale_or_sharing";

impl Kind {
    /// The built-in purposes in the order of the enum.
    const BUILT_IN: [(&'static str, Self); 5] = [
        ("model_training", Self::ModelTraining),
        ("inference", Self::Inference),
        ("analytics", Self::Analytics),
        ("personalization", Self::Personalization),
        (SALE_OR_SHARING, Self::SaleOrSharing),
    ];

    /// The kind of the purpose with this name.
    pub fn of(name: &str) -> Self {
        Self::BUILT_IN
            .iter()
            .find(|(built_in, _)| *built_in == name)
            .map_or(Self::Declared, |(_, kind)| *kind)
    }
}

impl Purpose {
    /// The purposes that every site has unless it configures others, in the order they are shown.
    pub const DEFAULT: [Self; 4] =
        [Self::ModelTraining, Self::Inference, Self::Analytics, Self::Personalization];

    /// Its kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::ModelTraining => Kind::ModelTraining,
            Self::Inference => Kind::Inference,
            Self::Analytics => Kind::Analytics,
            Self::Personalization => Kind::Personalization,
            Self::SaleOrSharing => Kind::SaleOrSharing,
            Self::Declared(_) => Kind::Declared,
        }
    }

    /// Its name on the wire: lower case with underscores.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Declared(slug) => slug.as_str(),
            built_in => Kind::BUILT_IN[built_in.kind() as usize].0,
        }
    }

    /// Parses a built-in name or a slug; `None` if the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match Kind::of(text) {
            Kind::ModelTraining => Self::ModelTraining,
            Kind::Inference => Self::Inference,
            Kind::Analytics => Self::Analytics,
            Kind::Personalization => Self::Personalization,
            Kind::SaleOrSharing => Self::SaleOrSharing,
            Kind::Declared => Self::Declared(Slug::parse(text)?),
        })
    }

    /// Whether [`Self::parse`] would take the text.
    pub fn is_name(text: &str) -> bool {
        // The built-in names are slugs too.
        Slug::is_slug(text)
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
            assert!(Purpose::is_name(purpose.as_str()));
            assert_eq!(Kind::of(purpose.as_str()), purpose.kind());
            assert_eq!(Purpose::parse(purpose.as_str()), Some(purpose));
        }
    }

    #[test]
    fn a_declared_purpose_is_a_slug() {
        assert!(matches!(Purpose::parse("fraud_checks2"), Some(Purpose::Declared(_))));
        assert_eq!(Purpose::parse("Fraud"), None);
    }
}
