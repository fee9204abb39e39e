//! May this purpose be used now? Owns `decide`, the one function that widget, API and filter ask, and the reasons it
//! gives.

use crate::{
    history::Current,
    purpose::Kind,
    record::{LegalBasis, Status},
    regime::{DefaultRule, Regime},
    time::Timestamp,
};
#[cfg(feature = "full")]
use crate::{
    history::{History, ends},
    purpose::Purpose,
};

/// What a decision depends on beside the history.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The rules that hold for the person.
    pub regime: &'static Regime,
    /// Whether the person's browser sends Global Privacy Control now.
    pub gpc: bool,
}

impl Context {
    /// Whether the browser sends Global Privacy Control and the regime honours it.
    pub const fn gpc_honoured(self) -> bool {
        self.gpc && self.regime.honours_gpc
    }
}

/// Why a purpose may or may not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Reason {
    /// The person said yes.
    Granted,
    /// The person said no.
    Revoked,
    /// The person said yes, but longer ago than the regime lets a yes stand.
    Expired,
    /// The person said yes, or nothing, and asked for the erasure of their data since. A browser keeps a no instead
    /// ([`crate::banner::Choice::renewed`]).
    #[cfg(feature = "full")]
    Erased,
    /// The person was asked and has not answered.
    NotDecided,
    /// Nothing is recorded and the regime wants a yes.
    NotRecorded,
    /// Nothing is recorded and the regime allows until a no.
    OptOutDefault,
    /// The browser's Global Privacy Control says no.
    GpcOptOut,
    /// The site claims a legitimate interest and the person has not objected.
    LegitimateInterest,
    /// The site needs it for a contract with the person.
    Contract,
}

impl Reason {
    /// Every reason.
    #[cfg(feature = "full")]
    pub const ALL: [Self; 10] = [
        Self::Granted,
        Self::Revoked,
        Self::Expired,
        Self::Erased,
        Self::NotDecided,
        Self::NotRecorded,
        Self::OptOutDefault,
        Self::GpcOptOut,
        Self::LegitimateInterest,
        Self::Contract,
    ];

    /// Whether it is one for which a purpose may be used.
    pub const fn allows(self) -> bool {
        matches!(self, Self::Granted | Self::OptOutDefault | Self::LegitimateInterest | Self::Contract)
    }

    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            #[cfg(feature = "full")]
            Self::Erased => "erased",
            Self::NotDecided => "not_decided",
            Self::NotRecorded => "not_recorded",
            Self::OptOutDefault => "opt_out_default",
            Self::GpcOptOut => "gpc_opt_out",
            Self::LegitimateInterest => "legitimate_interest",
            Self::Contract => "contract",
        }
    }
}

/// The answer to "may this purpose be used now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "full", derive(serde::Serialize, serde::Deserialize))]
pub struct Decision {
    /// Whether it may be used.
    pub allowed: bool,
    /// What the person decided; `pending` where nothing (or nothing that still stands) was decided.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// When a standing yes ends.
    #[cfg_attr(feature = "full", serde(skip_serializing_if = "Option::is_none", default))]
    pub expires_at: Option<Timestamp>,
    /// When the person decided.
    #[cfg_attr(feature = "full", serde(skip_serializing_if = "Option::is_none", default))]
    pub updated_at: Option<Timestamp>,
}

/// The ground on which a purpose rests where a site claims `claimed` for it. Training never rests on anything but a yes, and
/// no contract takes away the right to stop the sale of one's data (California Civil Code § 1798.120, 1798.192).
pub const fn legal_basis(kind: Kind, claimed: LegalBasis) -> LegalBasis {
    match (kind, claimed) {
        (Kind::ModelTraining, _) | (Kind::SaleOrSharing, LegalBasis::Contract) => LegalBasis::Consent,
        _ => claimed,
    }
}

/// Whether `purpose` may be used at `now` for the person whose records are `history`, where the site claims `claimed` as
/// its ground.
///
/// Consent is a yes that still stands, or, where the regime lets people opt out, silence. A legitimate interest holds until the
/// person objects (GDPR Art. 21), and no time ends it; a question that is recorded as left open is as good as an objection. A
/// contract holds until a no is recorded. Training needs a yes that still stands, whatever the site claims and the regime allows
/// by default.
///
/// While Global Privacy Control is on and the regime honours it, silence means no, and selling or sharing is refused even after
/// a yes, unless the person was shown that the signal says no and said yes all the same (11 CCR § 7025(c)(3)). To a legitimate
/// interest the signal is an objection everywhere, until the person is asked and does not object: an objection can be made by
/// technical means (GDPR Art. 21(5); so LG Berlin, 24 August 2023, 16 O 420/19, on a signal of the same kind).
///
/// Whoever asked for the erasure of their data takes back with it what they said yes to until then ([`ends`]); that is as good as a
/// question left open, and so is their silence from then on. Neither a regime's default nor a legitimate interest speaks for them
/// until they decide again.
#[cfg(feature = "full")]
pub fn decide(
    history: &History,
    purpose: &Purpose,
    claimed: LegalBasis,
    context: Context,
    now: Timestamp,
) -> Decision {
    let current = history.current(purpose);
    decide_erased(current, history.erased_at(), purpose.kind(), claimed, context, now)
}

/// [`decide`] where only what was decided last is known, and when the person's erasure was asked for, if ever.
#[cfg(feature = "full")]
pub(crate) fn decide_erased(
    current: Option<Current>,
    erased_at: Option<Timestamp>,
    kind: Kind,
    claimed: LegalBasis,
    context: Context,
    now: Timestamp,
) -> Decision {
    let ended = current.is_some_and(|current| ends(erased_at, current.status, current.since));
    let left =
        if ended { current.map(|current| Current { status: Status::Pending, ..current }) } else { current };
    let decision = decide_current(left, kind, claimed, context, now);
    let erased = match decision.reason {
        Reason::NotDecided => ended,
        Reason::OptOutDefault | Reason::LegitimateInterest => left.is_none() && erased_at.is_some(),
        _ => false,
    };
    if erased { Decision { allowed: false, reason: Reason::Erased, ..decision } } else { decision }
}

/// The rule of `decide` where what holds now is already known, as in a browser that keeps only that and knows of no erasure.
pub fn decide_current(
    current: Option<Current>,
    kind: Kind,
    claimed: LegalBasis,
    context: Context,
    now: Timestamp,
) -> Decision {
    let reason = reason(current, kind, legal_basis(kind, claimed), context, now);
    Decision {
        allowed: reason.allows(),
        status: current
            .filter(|_| reason != Reason::Expired)
            .map_or(Status::Pending, |current| current.status),
        reason,
        expires_at: current
            .filter(|_| reason == Reason::Granted)
            .map(|current| current.since.plus_months(context.regime.validity_months)),
        updated_at: current.map(|current| current.since),
    }
}

/// The rule of [`decide_current`] alone, for a browser, which needs no more than this; `basis` is what [`legal_basis`] gives.
pub(crate) fn reason(
    current: Option<Current>,
    kind: Kind,
    basis: LegalBasis,
    context: Context,
    now: Timestamp,
) -> Reason {
    let regime = context.regime;
    let Some(Current { status, since, over_gpc }) = current else {
        return match basis {
            LegalBasis::Contract => Reason::Contract,
            LegalBasis::Consent if kind == Kind::ModelTraining || regime.default == DefaultRule::OptIn => {
                Reason::NotRecorded
            }
            LegalBasis::Consent if context.gpc_honoured() => Reason::GpcOptOut,
            LegalBasis::Consent => Reason::OptOutDefault,
            LegalBasis::LegitimateInterest if context.gpc => Reason::GpcOptOut,
            LegalBasis::LegitimateInterest => Reason::LegitimateInterest,
        };
    };
    if status == Status::Revoked {
        Reason::Revoked
    } else if basis == LegalBasis::Contract {
        Reason::Contract
    } else if status == Status::Pending {
        Reason::NotDecided
    } else if basis == LegalBasis::Consent && since.plus_months(regime.validity_months) <= now {
        Reason::Expired
    } else if kind == Kind::SaleOrSharing && context.gpc_honoured() && !over_gpc {
        Reason::GpcOptOut
    } else if basis == LegalBasis::Consent {
        Reason::Granted
    } else {
        Reason::LegitimateInterest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        history::{Entry, strategies::entries},
        regime::{self, GDPR, US_OPT_OUT},
    };
    use alloc::vec;
    use proptest::{prelude::*, sample::select};

    const CONSENT: LegalBasis = LegalBasis::Consent;
    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
    const GDPR_CONTEXT: Context = Context { regime: &GDPR, gpc: false };
    const US: Context = Context { regime: &US_OPT_OUT, gpc: false };
    const US_WITH_GPC: Context = Context { regime: &US_OPT_OUT, gpc: true };

    fn with(status: Status, at: Timestamp, purpose: Purpose) -> History {
        History::new(vec![Entry {
            log_index: 1,
            purpose,
            status,
            created_at: at,
            decided_at: None,
            over_gpc: false,
        }])
    }

    #[test]
    fn an_erasure_ends_what_was_granted_up_to_then_and_nothing_later() {
        let ask = |status, by| {
            let history = with(status, NOW, Purpose::Analytics).erased(Some(NOW.plus_ms(by)));
            let answer = decide(&history, &Purpose::Analytics, CONSENT, GDPR_CONTEXT, NOW.plus_ms(2));
            (answer.status, answer.reason, answer.updated_at)
        };
        let erased = (Status::Pending, Reason::Erased, Some(NOW));
        assert_eq!((ask(Status::Granted, 0), ask(Status::Granted, 1)), (erased, erased));
        assert_eq!(ask(Status::Granted, -1), (Status::Granted, Reason::Granted, Some(NOW)));
        assert_eq!(ask(Status::Revoked, 1), (Status::Revoked, Reason::Revoked, Some(NOW)));
        assert_eq!(ask(Status::Pending, 1), (Status::Pending, Reason::NotDecided, Some(NOW)));
    }

    #[test]
    fn the_silence_of_somebody_erased_is_no_yes_even_under_opt_out() {
        let erased = History::default().erased(Some(NOW));
        let ask = |basis, context| decide(&erased, &Purpose::Analytics, basis, context, NOW).reason;
        assert_eq!(ask(CONSENT, US), Reason::Erased);
        assert_eq!(ask(CONSENT, US_WITH_GPC), Reason::GpcOptOut);
        assert_eq!(ask(CONSENT, GDPR_CONTEXT), Reason::NotRecorded);
        assert_eq!(ask(LegalBasis::LegitimateInterest, GDPR_CONTEXT), Reason::Erased);
        assert_eq!(ask(LegalBasis::Contract, US), Reason::Contract);
    }

    #[test]
    fn a_grant_stands_until_the_instant_it_expires() {
        let history = with(Status::Granted, NOW, Purpose::Analytics);
        let expiry = NOW.plus_months(6);
        let before = decide(&history, &Purpose::Analytics, CONSENT, GDPR_CONTEXT, expiry.plus_ms(-1));
        assert!(before.allowed);
        assert_eq!(before.expires_at, Some(expiry));
        let after = decide(&history, &Purpose::Analytics, CONSENT, GDPR_CONTEXT, expiry);
        assert_eq!((after.allowed, after.status, after.reason), (false, Status::Pending, Reason::Expired));
    }

    #[test]
    fn training_needs_a_yes_even_where_everything_else_is_opt_out() {
        let nothing = History::default();
        assert!(decide(&nothing, &Purpose::Analytics, CONSENT, US, NOW).allowed);
        assert_eq!(decide(&nothing, &Purpose::ModelTraining, CONSENT, US, NOW).reason, Reason::NotRecorded);
    }

    #[test]
    fn an_unanswered_question_is_no_yes_even_under_opt_out() {
        let history = with(Status::Pending, NOW, Purpose::Analytics);
        assert_eq!(decide(&history, &Purpose::Analytics, CONSENT, US, NOW).reason, Reason::NotDecided);
    }

    #[test]
    fn gpc_turns_the_opt_out_default_into_a_no() {
        let answer = decide(&History::default(), &Purpose::Analytics, CONSENT, US_WITH_GPC, NOW);
        assert_eq!((answer.allowed, answer.reason), (false, Reason::GpcOptOut));
    }

    #[test]
    fn gpc_beats_a_yes_to_selling_and_to_nothing_else() {
        let sale = with(Status::Granted, NOW, Purpose::SaleOrSharing);
        assert_eq!(
            decide(&sale, &Purpose::SaleOrSharing, CONSENT, US_WITH_GPC, NOW).reason,
            Reason::GpcOptOut
        );
        let analytics = with(Status::Granted, NOW, Purpose::Analytics);
        assert!(decide(&analytics, &Purpose::Analytics, CONSENT, US_WITH_GPC, NOW).allowed);
    }

    #[test]
    fn a_legitimate_interest_holds_until_the_person_objects() {
        let ask = |history| {
            decide(&history, &Purpose::Analytics, LegalBasis::LegitimateInterest, GDPR_CONTEXT, NOW)
        };
        let silent = ask(History::default());
        assert_eq!((silent.allowed, silent.reason), (true, Reason::LegitimateInterest));
        let objected = ask(with(Status::Revoked, NOW, Purpose::Analytics));
        assert_eq!((objected.allowed, objected.reason), (false, Reason::Revoked));
    }

    #[test]
    fn not_objecting_does_not_expire() {
        let history = with(Status::Granted, NOW, Purpose::Analytics);
        let later = NOW.plus_months(100);
        let answer =
            decide(&history, &Purpose::Analytics, LegalBasis::LegitimateInterest, GDPR_CONTEXT, later);
        assert_eq!(
            (answer.allowed, answer.reason, answer.expires_at),
            (true, Reason::LegitimateInterest, None)
        );
    }

    #[test]
    fn an_open_question_stops_a_legitimate_interest() {
        let history = with(Status::Pending, NOW, Purpose::Analytics);
        let answer = decide(&history, &Purpose::Analytics, LegalBasis::LegitimateInterest, GDPR_CONTEXT, NOW);
        assert_eq!(answer.reason, Reason::NotDecided);
    }

    #[test]
    fn gpc_objects_to_a_legitimate_interest() {
        let ask = |context| {
            decide(&History::default(), &Purpose::Analytics, LegalBasis::LegitimateInterest, context, NOW)
                .reason
        };
        assert_eq!(ask(US_WITH_GPC), Reason::GpcOptOut);
        assert_eq!(ask(Context { gpc: true, ..GDPR_CONTEXT }), Reason::GpcOptOut);
    }

    #[test]
    fn a_contract_holds_until_a_no_is_recorded() {
        let ask =
            |history| decide(&history, &Purpose::Inference, LegalBasis::Contract, US_WITH_GPC, NOW).reason;
        assert_eq!(ask(History::default()), Reason::Contract);
        assert_eq!(ask(with(Status::Pending, NOW, Purpose::Inference)), Reason::Contract);
        assert_eq!(ask(with(Status::Revoked, NOW, Purpose::Inference)), Reason::Revoked);
    }

    #[test]
    fn no_contract_sells_what_people_can_refuse_to_have_sold() {
        let ask = |context| {
            decide(&History::default(), &Purpose::SaleOrSharing, LegalBasis::Contract, context, NOW).reason
        };
        assert_eq!(ask(US_WITH_GPC), Reason::GpcOptOut);
        assert_eq!(ask(GDPR_CONTEXT), Reason::NotRecorded);
    }

    #[test]
    fn a_yes_over_gpc_outranks_it_while_it_stands() {
        let entry = Entry {
            log_index: 1,
            purpose: Purpose::SaleOrSharing,
            status: Status::Granted,
            created_at: NOW,
            decided_at: None,
            over_gpc: true,
        };
        let history = History::new(vec![entry]);
        let ask = |now| decide(&history, &Purpose::SaleOrSharing, CONSENT, US_WITH_GPC, now).reason;
        assert_eq!(ask(NOW), Reason::Granted);
        assert_eq!(ask(NOW.plus_months(12)), Reason::Expired);
    }

    const PURPOSES: [Purpose; 4] =
        [Purpose::Analytics, Purpose::ModelTraining, Purpose::SaleOrSharing, Purpose::Inference];

    fn basis() -> impl Strategy<Value = LegalBasis> {
        select(&LegalBasis::ALL[..])
    }

    fn context() -> impl Strategy<Value = Context> {
        (select(regime::ALL), any::<bool>()).prop_map(|(regime, gpc)| Context { regime, gpc })
    }

    /// Moments around those of the histories and around the end of every grant in them.
    fn moment() -> impl Strategy<Value = Timestamp> {
        let end = Timestamp::UNIX_EPOCH.plus_months(GDPR.validity_months).as_ms();
        let later_end = Timestamp::UNIX_EPOCH.plus_months(US_OPT_OUT.validity_months).as_ms();
        (select(vec![0, end, later_end]), -4..12_i64).prop_map(|(near, by)| Timestamp::from_ms(near + by))
    }

    proptest! {
        #[test]
        fn time_alone_never_allows_what_was_refused(
            entries in entries(), purpose in select(&PURPOSES[..]), basis in basis(), context in context(),
            one in moment(), other in moment(),
        ) {
            let history = History::new(entries);
            let (now, later) = (one.min(other), one.max(other));
            let allowed = |at| decide(&history, &purpose, basis, context, at).allowed;
            prop_assert!(allowed(now) || !allowed(later));
        }

        #[test]
        fn training_is_allowed_exactly_while_a_grant_stands(
            entries in entries(), basis in basis(), context in context(), now in moment(),
        ) {
            let history = History::new(entries);
            let stands = history.current(&Purpose::ModelTraining).is_some_and(|current| {
                current.status == Status::Granted && now < current.since.plus_months(context.regime.validity_months)
            });
            prop_assert_eq!(decide(&history, &Purpose::ModelTraining, basis, context, now).allowed, stands);
        }

        #[test]
        fn gpc_only_ever_takes_away(
            entries in entries(), purpose in select(&PURPOSES[..]), basis in basis(),
            regime in select(regime::ALL), now in moment(),
        ) {
            let history = History::new(entries);
            let allowed = |gpc| decide(&history, &purpose, basis, Context { regime, gpc }, now).allowed;
            prop_assert!(allowed(false) || !allowed(true));
        }

        #[test]
        fn a_no_is_a_no_on_every_ground(
            entries in entries(), purpose in select(&PURPOSES[..]), basis in basis(), context in context(),
            now in moment(),
        ) {
            let history = History::new(entries);
            let refused = history.current(&purpose).is_some_and(|current| current.status == Status::Revoked);
            prop_assert!(!refused || !decide(&history, &purpose, basis, context, now).allowed);
        }

        #[test]
        fn an_erasure_only_ever_takes_away(
            entries in entries(), purpose in select(&PURPOSES[..]), basis in basis(), context in context(),
            erased_at in 0..8_i64, now in moment(),
        ) {
            let history = History::new(entries);
            let erased_at = Timestamp::from_ms(erased_at);
            let before = decide(&history, &purpose, basis, context, now);
            let after = decide(&history.clone().erased(Some(erased_at)), &purpose, basis, context, now);
            prop_assert!(before.allowed || !after.allowed);
            let later = before.updated_at.is_some_and(|since| erased_at < since);
            if later || before.status == Status::Revoked {
                prop_assert_eq!(after, before);
            } else {
                prop_assert_eq!(after.status, Status::Pending);
                prop_assert!(!after.allowed || after.reason == Reason::Contract);
            }
        }

        #[test]
        fn a_refused_decision_never_names_an_end(
            entries in entries(), purpose in select(&PURPOSES[..]), basis in basis(), context in context(),
            now in moment(),
        ) {
            let decision = decide(&History::new(entries), &purpose, basis, context, now);
            prop_assert_eq!(decision.expires_at.is_some(), decision.reason == Reason::Granted);
            prop_assert!(decision.expires_at.is_none_or(|end| decision.allowed && now < end));
        }
    }
}
