//! Signals that a browser sends or that other tags read. Owns what Global Privacy Control looks like on the wire and how
//! purposes map to Google's Consent Mode v2; sending and reading them is left to the faces, and what GPC means for a
//! purpose to [`crate::decision`].

use crate::purpose::Kind;

/// Whether the value of the header `Sec-GPC` is an opt-out: exactly `1`, as the specification says (Global Privacy Control,
/// § 3.2); anything else is as good as absent.
pub fn gpc_from_header(value: Option<&str>) -> bool {
    value == Some("1")
}

/// The seven switches of Google's Consent Mode v2; `true` means `granted`.
///
/// Microsoft's tags know two of them: Clarity's `consentv2` has `ad_Storage` and `analytics_Storage`, UET's `consent` has
/// `ad_storage`. They follow the switches here of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "seven independent switches, fixed by another party's interface"
)]
pub struct ConsentMode {
    /// Storage for advertising.
    pub ad_storage: bool,
    /// Sending user data to Google for advertising.
    pub ad_user_data: bool,
    /// Personalised advertising.
    pub ad_personalization: bool,
    /// Storage for measuring use.
    pub analytics_storage: bool,
    /// Storage for functions of the site, such as its language.
    pub functionality_storage: bool,
    /// Storage for personalisation.
    pub personalization_storage: bool,
    /// Storage for security, such as signing in.
    pub security_storage: bool,
}

impl ConsentMode {
    /// What holds before anybody decided: nothing but what keeps a page safe, which needs no consent (ePrivacy Directive
    /// Art. 5(3), second sentence).
    pub const DENIED: Self = Self {
        ad_storage: false,
        ad_user_data: false,
        ad_personalization: false,
        analytics_storage: false,
        functionality_storage: false,
        personalization_storage: false,
        security_storage: true,
    };

    /// The switches while exactly the purposes may be used of whose kind `allowed` says so.
    ///
    /// Advertising follows `sale_or_sharing`, the only purpose that covers handing data to an advertiser, and personal
    /// advertising wants `personalization` as well. A site without these purposes never grants them. Training and
    /// inference have no counterpart at Google and grant nothing.
    pub fn of(allowed: impl Fn(Kind) -> bool) -> Self {
        let analytics = allowed(Kind::Analytics);
        let personalization = allowed(Kind::Personalization);
        let advertising = allowed(Kind::SaleOrSharing);
        Self {
            ad_storage: advertising,
            ad_user_data: advertising,
            ad_personalization: advertising && personalization,
            analytics_storage: analytics,
            functionality_storage: personalization,
            personalization_storage: personalization,
            ..Self::DENIED
        }
    }

    /// The switches as bits, the first of [`Self::entries`] the lowest.
    pub fn bits(&self) -> u32 {
        // Not by way of the entries: their names would travel to every visitor.
        let switches = [
            self.security_storage,
            self.personalization_storage,
            self.functionality_storage,
            self.analytics_storage,
            self.ad_personalization,
            self.ad_user_data,
            self.ad_storage,
        ];
        switches.iter().fold(0, |bits, granted| bits << 1 | u32::from(*granted))
    }

    /// Google's name of each switch and whether it is granted.
    pub const fn entries(&self) -> [(&'static str, bool); 7] {
        [
            ("ad_storage", self.ad_storage),
            ("ad_user_data", self.ad_user_data),
            ("ad_personalization", self.ad_personalization),
            ("analytics_storage", self.analytics_storage),
            ("functionality_storage", self.functionality_storage),
            ("personalization_storage", self.personalization_storage),
            ("security_storage", self.security_storage),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn of(allowed: &[Kind]) -> ConsentMode {
        ConsentMode::of(|kind| allowed.contains(&kind))
    }

    fn granted(allowed: &[Kind]) -> Vec<&'static str> {
        of(allowed).entries().into_iter().filter_map(|(name, on)| on.then_some(name)).collect()
    }

    #[test]
    fn only_the_exact_value_one_is_an_opt_out() {
        assert!(gpc_from_header(Some("1")));
        for other in [None, Some(""), Some("0"), Some("true"), Some(" 1"), Some("1, 1")] {
            assert!(!gpc_from_header(other), "{other:?}");
        }
    }

    #[test]
    fn nothing_allowed_leaves_only_security() {
        assert_eq!(of(&[]), ConsentMode::DENIED);
        assert_eq!(granted(&[]), ["security_storage"]);
    }

    #[test]
    fn training_and_inference_grant_no_signal_of_googles() {
        assert_eq!(of(&[Kind::ModelTraining, Kind::Inference]), ConsentMode::DENIED);
    }

    #[test]
    fn analytics_grants_its_storage_and_nothing_for_advertising() {
        assert_eq!(granted(&[Kind::Analytics]), ["analytics_storage", "security_storage"]);
    }

    #[test]
    fn personal_advertising_needs_both_of_its_purposes() {
        assert!(!of(&[Kind::Personalization]).ad_personalization);
        assert!(!of(&[Kind::SaleOrSharing]).ad_personalization);
        assert!(of(&[Kind::Personalization, Kind::SaleOrSharing]).ad_personalization);
    }

    #[test]
    fn the_bits_follow_the_entries() {
        let kinds = [Kind::Analytics, Kind::Personalization, Kind::SaleOrSharing];
        for subset in 0..8 {
            let mode = ConsentMode::of(|kind| (0..3).any(|i| kinds[i] == kind && subset >> i & 1 == 1));
            for (place, (name, granted)) in mode.entries().into_iter().enumerate() {
                assert_eq!(mode.bits() >> place & 1 == 1, granted, "{name}");
            }
        }
    }
}
