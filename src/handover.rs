//! How a log goes on under another name, after its database was restored to an earlier state. Owns the further lines of the last
//! checkpoint under the old name; whoever trusts the key of the old name can follow them to the new one.
//!
//! ```text
//! continued by log.example/log/0/019b
//! from 1200 CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! ```
//!
//! The number says how many of the rows are the first ones of the new log too, and what follows is their root.

use alloc::{borrow::ToOwned as _, string::String};
use base64ct::{Base64, Encoding as _};
use core::fmt;

use crate::{hash::Hash, merkle::Head};

/// Where a log goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The new name.
    pub origin: String,
    /// The rows that it begins with.
    pub kept: Head,
}

impl Handover {
    /// Reads the further lines of a checkpoint; `None` unless they are exactly what [`Handover`] writes.
    pub fn parse(extensions: &str) -> Option<Self> {
        let (origin, rest) = extensions.strip_prefix("continued by ")?.split_once('\n')?;
        let (size, root) = rest.strip_prefix("from ")?.strip_suffix('\n')?.split_once(' ')?;
        let root = Base64::decode_vec(root).ok()?.try_into().ok()?;
        let handover =
            Self { origin: origin.to_owned(), kept: Head { size: size.parse().ok()?, root: Hash(root) } };
        (alloc::format!("{handover}") == extensions).then_some(handover)
    }
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { size, root } = self.kept;
        write!(f, "continued by {}\nfrom {size} {}\n", self.origin, Base64::encode_string(&root.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString as _};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_reads_back_from_the_lines_it_is_written_as(origin in "[a-z./0-9-]{1,40}", size in any::<u64>(), root in any::<[u8; 32]>()) {
            let handover = Handover { origin, kept: Head { size, root: Hash(root) } };
            prop_assert_eq!(Handover::parse(&handover.to_string()), Some(handover));
        }
    }

    #[test]
    fn other_lines_are_none() {
        let root = Base64::encode_string(&[1; 32]);
        for text in [
            String::new(),
            format!("continued by o\nfrom 01 {root}\n"),
            format!("continued by o\nfrom 1 {root}"),
            format!("continued by o\nfrom 1 {root}\nmore\n"),
            format!("from 1 {root}\n"),
        ] {
            assert_eq!(Handover::parse(&text), None, "{text:?}");
        }
    }
}
