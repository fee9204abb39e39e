//! What a request showed beside the decision: address, agent, country, Global Privacy Control. Owns its truncation, its
//! canonical bytes and the commitment that stands for it in a leaf, so that the evidence itself can be erased later while
//! the log still verifies.

use crate::{
    bytes::Writer,
    hash::{Hash, parse_hex},
    subject::hmac,
};
use alloc::string::{String, ToString as _};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// An address without the part that points at one household: the first 24 bits of IPv4, 48 of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruncatedIp(IpAddr);

impl TruncatedIp {
    /// Cuts an address.
    pub fn new(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => return Self::new(IpAddr::V4(v4)),
                None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48))),
            },
        })
    }

    /// Reads and cuts an address; `None` if the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::new)
    }
}

impl fmt::Display for TruncatedIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl serde::Serialize for TruncatedIp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for TruncatedIp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| serde::de::Error::custom("write an IPv4 or IPv6 address"))
    }
}

/// What a request showed. Everything in it may identify a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The caller's address, cut.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ip_address: Option<TruncatedIp>,
    /// The `User-Agent` header, at most [`Evidence::MAX_USER_AGENT`] bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_agent: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub country: Option<String>,
    /// Whether the request carried `Sec-GPC: 1`.
    #[serde(default)]
    pub gpc: bool,
}

impl Evidence {
    /// Longer agents are cut: the field is free for every client to fill.
    pub const MAX_USER_AGENT: usize = 512;

    /// Cuts what is too long.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        if let Some(agent) = &mut self.user_agent {
            let end = (0..=Self::MAX_USER_AGENT).rev().find(|end| agent.is_char_boundary(*end));
            if agent.len() > Self::MAX_USER_AGENT {
                agent.truncate(end.unwrap_or(0));
            }
        }
        self
    }

    /// What stands for this evidence in a leaf: HMAC-SHA256 under `salt` over its canonical bytes. Without the salt it
    /// tells nothing about the evidence, even to someone who guesses it.
    pub fn commitment(&self, salt: &Salt) -> Hash {
        let bytes = Writer::default()
            .option(self.ip_address.map(|ip| ip.to_string()).as_deref(), |w, ip| w.text(ip))
            .option(self.user_agent.as_deref(), |w, agent| w.text(agent))
            .option(self.country.as_deref(), |w, country| w.text(country))
            .u8(u8::from(self.gpc))
            .finish();
        Hash(hmac(&salt.0, &[&bytes]))
    }
}

/// 32 random bytes, one for each piece of evidence; its text form is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// Evidence as it is stored: with the salt that its commitment needs.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SealedEvidence {
    /// The salt.
    pub salt: Salt,
    /// The evidence.
    #[serde(flatten)]
    pub evidence: Evidence,
}

impl SealedEvidence {
    /// See [`Evidence::commitment`].
    pub fn commitment(&self) -> Hash {
        self.evidence.commitment(&self.salt)
    }
}

impl serde::Serialize for Salt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Hash(self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Salt {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_hex(&String::deserialize(deserializer)?)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a salt is 64 lower-case hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> String {
        TruncatedIp::parse(text).unwrap().to_string()
    }

    #[test]
    fn addresses_lose_what_points_at_a_household() {
        assert_eq!(cut("203.0.113.77"), "203.0.113.0");
        assert_eq!(cut("2001:db8:1234:5678::1"), "2001:db8:1234::");
        assert_eq!(cut("::ffff:203.0.113.77"), "203.0.113.0");
        assert_eq!(TruncatedIp::parse("203.0.113"), None);
    }

    #[test]
    fn a_long_agent_is_cut_between_characters() {
        let evidence = Evidence { user_agent: Some("ä".repeat(400)), ..Evidence::default() }.bounded();
        assert_eq!(evidence.user_agent.unwrap().len(), 512);
        let odd = alloc::format!("x{}", "ä".repeat(400));
        let evidence = Evidence { user_agent: Some(odd), ..Evidence::default() }.bounded();
        assert_eq!(evidence.user_agent.unwrap().len(), 511);
    }

    #[test]
    fn every_field_and_the_salt_change_the_commitment() {
        let salt = Salt([7; 32]);
        let base = Evidence::default();
        let changed = [
            Evidence { ip_address: TruncatedIp::parse("192.0.2.1"), ..base.clone() },
            Evidence { user_agent: Some("a".into()), ..base.clone() },
            Evidence { country: Some("a".into()), ..base.clone() },
            Evidence { gpc: true, ..base.clone() },
        ];
        let mut all: alloc::vec::Vec<_> = changed.iter().map(|evidence| evidence.commitment(&salt)).collect();
        all.push(base.commitment(&salt));
        all.push(base.commitment(&Salt([8; 32])));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6);
    }

    #[test]
    fn the_stored_form_round_trips() {
        let sealed = SealedEvidence {
            salt: Salt([1; 32]),
            evidence: Evidence {
                ip_address: TruncatedIp::parse("192.0.2.1"),
                gpc: true,
                ..Evidence::default()
            },
        };
        let text = serde_json::to_string(&sealed).unwrap();
        assert_eq!(serde_json::from_str::<SealedEvidence>(&text).unwrap(), sealed);
    }
}
