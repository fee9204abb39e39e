use super::*;
use crate::regime::{self, GDPR, US_OPT_OUT};
use LegalBasis::{Consent, Contract, LegitimateInterest};
use alloc::{collections::BTreeSet, vec};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const PURPOSES: [&str; 4] = ["model_training", "inference", "analytics", "personalization"];
/// The places of the last three.
const INFERENCE: usize = 1;
const ANALYTICS: usize = 2;
const PERSONALIZATION: usize = 3;

const OPT_OUT: Context = Context { regime: &US_OPT_OUT, gpc: false };

/// What a page asks for, on one ground.
fn asked<const N: usize>(names: [&'static str; N], basis: LegalBasis) -> &'static [Asked<'static>] {
    Vec::from(names.map(|name| Asked::new(name, basis))).leak()
}

fn setup() -> Setup<'static> {
    Setup {
        purposes: asked(PURPOSES, Consent),
        notice: NoticeVersion::FIRST,
        context: Context { regime: &GDPR, gpc: false },
    }
}

fn choice(status: Status, decided_at: Timestamp) -> Choice<'static> {
    let answers = PURPOSES.map(|purpose| Answer { purpose, status, decided_at });
    Choice { notice: NoticeVersion::FIRST, answers: answers.to_vec() }
}

fn loaded<'a>(setup: Setup<'a>, kept: Option<Choice<'a>>, now: Timestamp) -> State<'a> {
    let mut state = State::new(setup);
    state.step(Event::PageLoaded(kept), now);
    state
}

fn first_visit() -> State<'static> {
    loaded(setup(), None, NOW)
}

/// What the last of some events that all happen at [`NOW`] leads to.
fn after<'a, const N: usize>(state: &mut State<'a>, events: [Event<'a>; N]) -> Outcome {
    let mut outcome = Outcome::Nothing;
    for event in events {
        outcome = state.step(event, NOW);
    }
    outcome
}

fn asks(setup: Setup<'_>, kept: Choice<'_>, now: Timestamp) -> bool {
    loaded(setup, Some(kept), now).view() == View::Banner
}

fn statuses(state: &State<'_>) -> Vec<Status> {
    state.answers().iter().map(|answer| answer.status).collect()
}

fn set(places: &[usize]) -> Set {
    let mut set = Set::EMPTY;
    for place in places {
        set.put(*place, true);
    }
    set
}

#[test]
fn a_first_visit_shows_the_banner_and_allows_nothing() {
    let mut state = State::new(setup());
    assert_eq!(state.step(Event::PageLoaded(None), NOW), Outcome::Known);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, Set::EMPTY));
    assert_eq!(state.consent_mode(NOW), ConsentMode::DENIED);
}

#[test]
fn accepting_keeps_records_and_allows_everything() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::AcceptAll]), Outcome::Decided);
    assert_eq!(statuses(&state), [Status::Granted; 4]);
    assert_eq!(state.choice(), Some(&choice(Status::Granted, NOW)));
    assert_eq!(state.allowed(NOW), set(&[0, 1, 2, 3]));
    assert!(state.consent_mode(NOW).analytics_storage);
    assert_eq!(state.view(), View::Hidden);
}

#[test]
fn rejecting_records_a_refusal_of_every_purpose() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::RejectAll]), Outcome::Decided);
    assert_eq!(statuses(&state), [Status::Revoked; 4]);
    assert_eq!(state.allowed(NOW), Set::EMPTY);
}

#[test]
fn no_switch_starts_out_on() {
    let mut state = first_visit();
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.view(), View::Preferences { over_banner: true });
    assert_eq!(state.draft(), Set::EMPTY);
}

#[test]
fn no_switch_starts_out_on_even_where_the_law_wants_an_opt_out() {
    let mut state = loaded(Setup { context: OPT_OUT, ..setup() }, None, NOW);
    assert_eq!(state.allowed(NOW), set(&[INFERENCE, ANALYTICS, PERSONALIZATION]));
    after(&mut state, [Event::OpenPreferences, Event::Save]);
    assert_eq!(statuses(&state), [Status::Revoked; 4]);
}

#[test]
fn saving_grants_what_was_switched_on_and_refuses_the_rest() {
    let mut state = first_visit();
    after(&mut state, [Event::OpenPreferences, Event::Toggle(ANALYTICS, true), Event::Save]);
    assert_eq!(state.allowed(NOW), set(&[ANALYTICS]));
    assert_eq!(statuses(&state), [Status::Revoked, Status::Revoked, Status::Granted, Status::Revoked]);
}

#[test]
fn a_switch_that_there_is_not_changes_nothing() {
    let mut state = first_visit();
    after(&mut state, [Event::OpenPreferences, Event::Toggle(99, true), Event::Toggle(4, true), Event::Save]);
    assert_eq!(statuses(&state), [Status::Revoked; 4]);
}

#[test]
fn closing_the_preferences_forgets_the_switches_and_brings_the_banner_back() {
    let mut state = first_visit();
    let open = [Event::OpenPreferences, Event::Toggle(ANALYTICS, true), Event::Close];
    assert_eq!(after(&mut state, open), Outcome::Nothing);
    assert_eq!(state.view(), View::Banner);
    after(&mut state, [Event::OpenPreferences, Event::Save]);
    assert_eq!(statuses(&state), [Status::Revoked; 4]);
}

#[test]
fn closing_the_banner_decides_nothing_and_asks_on_the_next_page() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::Close]), Outcome::Nothing);
    assert_eq!((state.view(), state.choice()), (View::Hidden, None));
}

#[test]
fn reopening_shows_the_switches_as_they_were_saved() {
    let mut state = first_visit();
    after(&mut state, [Event::OpenPreferences, Event::Toggle(INFERENCE, true), Event::Save]);
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.view(), View::Preferences { over_banner: false });
    assert_eq!(state.draft(), set(&[INFERENCE]));
}

#[test]
fn a_kept_choice_is_not_asked_about_again() {
    assert!(!asks(setup(), choice(Status::Granted, NOW), NOW.plus_days(30)));
    assert!(!asks(setup(), choice(Status::Revoked, NOW), NOW.plus_days(30)));
}

#[test]
fn a_grant_is_asked_about_again_when_it_expires() {
    let expiry = NOW.plus_months(GDPR.validity_months);
    assert!(!asks(setup(), choice(Status::Granted, NOW), expiry.plus_ms(-1)));
    assert!(asks(setup(), choice(Status::Granted, NOW), expiry));
    assert!(loaded(setup(), Some(choice(Status::Granted, NOW)), expiry).allowed(expiry) == Set::EMPTY);
}

#[test]
fn a_refusal_is_asked_about_again_after_the_pause_of_the_regime() {
    let end = NOW.plus_months(GDPR.ask_again_months);
    assert!(!asks(setup(), choice(Status::Revoked, NOW), end.plus_ms(-1)));
    assert!(asks(setup(), choice(Status::Revoked, NOW), end));
}

#[test]
fn a_new_notice_asks_again_and_old_grants_stop() {
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), ..setup() };
    let state = loaded(newer, Some(choice(Status::Granted, NOW)), NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, Set::EMPTY));
    assert!(asks(newer, choice(Status::Revoked, NOW), NOW));
}

#[test]
fn a_refusal_of_an_older_notice_still_refuses() {
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), context: OPT_OUT, ..setup() };
    assert_eq!(loaded(newer, Some(choice(Status::Revoked, NOW)), NOW).allowed(NOW), Set::EMPTY);
}

#[test]
fn a_new_purpose_asks_again_and_the_other_grants_stand() {
    let purposes = ["model_training", "inference", "analytics", "personalization", "sale_or_sharing"];
    let more = Setup { purposes: asked(purposes, Consent), ..setup() };
    let state = loaded(more, Some(choice(Status::Granted, NOW)), NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, set(&[0, 1, 2, 3])));
}

#[test]
fn answers_about_purposes_of_other_pages_are_kept() {
    let fewer = Setup { purposes: asked(["analytics"], Consent), ..setup() };
    let mut state = loaded(fewer, Some(choice(Status::Granted, NOW)), NOW);
    after(&mut state, [Event::OpenPreferences, Event::RejectAll]);
    assert_eq!(statuses(&state), [Status::Revoked]);
    let kept = state.choice().unwrap();
    assert_eq!(kept.current("inference").unwrap().status, Status::Granted);
    assert_eq!(kept.current("analytics").unwrap().status, Status::Revoked);
}

#[test]
fn a_grant_from_the_future_counts_for_nothing() {
    let kept = choice(Status::Granted, NOW.plus_days(2));
    assert_eq!(loaded(setup(), Some(kept.clone()), NOW).allowed(NOW), Set::EMPTY);
    assert!(asks(setup(), kept, NOW));
}

#[test]
fn a_refusal_from_the_future_refuses_and_is_asked_about() {
    let kept = choice(Status::Revoked, NOW.plus_days(2));
    let american = Setup { context: OPT_OUT, ..setup() };
    assert_eq!(loaded(american, Some(kept.clone()), NOW).allowed(NOW), Set::EMPTY);
    assert!(asks(setup(), kept, NOW));
}

#[test]
fn a_new_answer_is_later_than_the_last_one_even_if_the_clock_was_set_back() {
    let mut state = loaded(setup(), Some(choice(Status::Revoked, NOW.plus_ms(5_000))), NOW);
    after(&mut state, [Event::OpenPreferences, Event::AcceptAll]);
    assert_eq!(state.choice().and_then(Choice::latest), Some(NOW.plus_ms(5_001)));
}

#[test]
fn a_choice_made_in_another_tab_takes_the_banner_away() {
    let mut state = first_visit();
    let kept = Event::StorageChanged(Some(choice(Status::Revoked, NOW)));
    assert_eq!(after(&mut state, [kept]), Outcome::Changed);
    assert_eq!(state.view(), View::Hidden);
}

#[test]
fn a_choice_removed_in_another_tab_denies_and_asks() {
    let mut state = loaded(setup(), Some(choice(Status::Granted, NOW)), NOW);
    assert_eq!(after(&mut state, [Event::StorageChanged(None)]), Outcome::Changed);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, Set::EMPTY));
}

#[test]
fn a_purpose_that_the_page_does_not_ask_for_is_never_allowed() {
    let mut state = first_visit();
    after(&mut state, [Event::AcceptAll]);
    assert_eq!(state.decision("sale_or_sharing", NOW), None);
}

#[test]
fn a_page_can_ask_for_no_more_purposes_than_a_set_holds() {
    let many = Setup { purposes: asked(["again"; Set::MOST + 1], Consent), ..setup() };
    assert_eq!(State::new(many).setup().purposes.len(), Set::MOST);
}

/// The four purposes, of which the last three rest on a legitimate interest.
fn by_interest() -> Setup<'static> {
    Setup { purposes: asked(PURPOSES, LegitimateInterest), ..setup() }
}

#[test]
fn a_legitimate_interest_is_told_about_and_holds_meanwhile() {
    let state = loaded(by_interest(), None, NOW);
    assert_eq!(
        (state.view(), state.allowed(NOW)),
        (View::Banner, set(&[INFERENCE, ANALYTICS, PERSONALIZATION]))
    );
}

#[test]
fn rejecting_all_objects_to_a_legitimate_interest() {
    let mut state = loaded(by_interest(), None, NOW);
    after(&mut state, [Event::RejectAll]);
    assert_eq!(state.allowed(NOW), Set::EMPTY);
}

#[test]
fn whoever_was_told_of_a_legitimate_interest_is_not_told_again() {
    let setup = Setup { purposes: asked(["analytics"], LegitimateInterest), ..setup() };
    let years_later = NOW.plus_months(100);
    for status in [Status::Granted, Status::Revoked] {
        assert!(!asks(setup, choice(status, NOW), years_later), "{status}");
    }
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), ..setup };
    assert!(asks(newer, choice(Status::Granted, NOW), NOW));
}

#[test]
fn what_rests_on_a_legitimate_interest_starts_out_without_an_objection() {
    let mut state = loaded(by_interest(), None, NOW);
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.draft(), set(&[INFERENCE, ANALYTICS, PERSONALIZATION]));
    after(&mut state, [Event::Toggle(ANALYTICS, false), Event::Save, Event::OpenPreferences]);
    assert_eq!(state.draft(), set(&[INFERENCE, PERSONALIZATION]));
}

#[test]
fn what_a_contract_needs_is_neither_asked_nor_answered() {
    let setup = Setup { purposes: asked(["inference"], Contract), ..setup() };
    let mut state = loaded(setup, None, NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Hidden, set(&[0])));
    assert_eq!(after(&mut state, [Event::OpenPreferences, Event::RejectAll]), Outcome::Nothing);
    assert_eq!((state.choice(), state.allowed(NOW)), (None, set(&[0])));
}

#[test]
fn what_a_contract_needs_has_no_place_among_the_answers() {
    let purposes = [Asked::new("inference", Contract), Asked::new("analytics", Consent)];
    let mut state = loaded(Setup { purposes: &purposes, ..setup() }, None, NOW);
    after(&mut state, [Event::AcceptAll]);
    assert_eq!(state.answers(), [Answer { purpose: "analytics", status: Status::Granted, decided_at: NOW }]);
}

#[test]
fn a_kept_no_stops_even_what_a_contract_needs() {
    let setup = Setup { purposes: asked(["inference"], Contract), ..setup() };
    let state = loaded(setup, Some(choice(Status::Revoked, NOW)), NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Hidden, Set::EMPTY));
}

#[test]
fn a_switch_that_would_sell_against_gpc_starts_out_off() {
    let context = Context { gpc: true, ..OPT_OUT };
    let setup = Setup { purposes: asked(["sale_or_sharing"], Consent), context, ..setup() };
    let answer = Answer { purpose: "sale_or_sharing", status: Status::Granted, decided_at: NOW };
    let kept = Choice { notice: NoticeVersion::FIRST, answers: vec![answer] };
    let mut state = loaded(setup, Some(kept), NOW);
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.draft(), Set::EMPTY);
}

fn kept() -> impl Strategy<Value = Option<Choice<'static>>> {
    let status = prop_oneof![Just(Status::Granted), Just(Status::Revoked)];
    let answers =
        prop::collection::btree_map(prop::sample::select(&PURPOSES[..]), (status, 0..400_u16), 0..4);
    prop::option::of((1..3_u32, answers).prop_map(|(version, answers)| {
        Choice {
            notice: NoticeVersion::new(version).unwrap(),
            answers: answers
                .into_iter()
                .map(|(purpose, (status, days))| Answer { purpose, status, decided_at: NOW.plus_days(days) })
                .collect(),
        }
    }))
}

fn events() -> impl Strategy<Value = Event<'static>> {
    prop_oneof![
        1 => Just(Event::AcceptAll),
        2 => Just(Event::RejectAll),
        4 => Just(Event::OpenPreferences),
        6 => (0..PURPOSES.len(), any::<bool>()).prop_map(|(place, on)| Event::Toggle(place, on)),
        3 => Just(Event::Save),
        3 => Just(Event::Close),
        1 => kept().prop_map(Event::StorageChanged),
        1 => kept().prop_map(Event::PageLoaded),
    ]
}

/// What a person can be said to have granted and objected to, told from what they did and not from how the machine works.
#[derive(Default)]
struct Witness {
    granted: BTreeSet<&'static str>,
    /// On record as refused, on whatever version of the notice.
    refused: BTreeSet<&'static str>,
    switched_on: BTreeSet<&'static str>,
}

impl Witness {
    fn sees(&mut self, event: &Event<'static>, before: &State<'static>, after: &State<'static>) {
        let shown = before.view() != View::Hidden;
        let preferences = matches!(before.view(), View::Preferences { .. });
        match event {
            Event::AcceptAll if shown => self.decides(PURPOSES.into()),
            Event::RejectAll if shown => self.decides(BTreeSet::new()),
            Event::OpenPreferences if !preferences => self.switched_on = drawn(after),
            Event::Toggle(place, true) => drop(self.switched_on.insert(PURPOSES[*place])),
            Event::Toggle(place, false) => drop(self.switched_on.remove(PURPOSES[*place])),
            Event::Save if preferences => self.decides(self.switched_on.clone()),
            Event::StorageChanged(kept) | Event::PageLoaded(kept) => {
                let with = |status| {
                    let answers = kept.iter().flat_map(|choice| &choice.answers);
                    answers.filter(|answer| answer.status == status).map(|answer| answer.purpose).collect()
                };
                (self.granted, self.refused) = (with(Status::Granted), with(Status::Revoked));
            }
            _ => {}
        }
    }

    fn decides(&mut self, granted: BTreeSet<&'static str>) {
        self.refused = PURPOSES.into_iter().filter(|purpose| !granted.contains(purpose)).collect();
        self.granted = granted;
    }
}

fn names(set: Set) -> BTreeSet<&'static str> {
    (0..).zip(PURPOSES).filter_map(|(place, purpose)| set.has(place).then_some(purpose)).collect()
}

fn drawn(state: &State<'_>) -> BTreeSet<&'static str> {
    names(state.draft())
}

fn context() -> impl Strategy<Value = Context> {
    (prop::sample::select(regime::ALL), any::<bool>()).prop_map(|(regime, gpc)| Context { regime, gpc })
}

/// Steps with the days between them.
fn steps() -> impl Strategy<Value = Vec<(Event<'static>, i64)>> {
    prop::collection::vec((events(), 0..200_i64), 0..40)
}

/// A step that was made.
struct Made<'w> {
    /// What the person did so far.
    witness: &'w Witness,
    before: &'w State<'static>,
    state: &'w State<'static>,
    outcome: Outcome,
    now: Timestamp,
}

impl Made<'_> {
    fn opened_preferences(&self) -> bool {
        let open = |state: &State<'_>| matches!(state.view(), View::Preferences { .. });
        open(self.state) && !open(self.before)
    }

    fn allowed(&self) -> BTreeSet<&'static str> {
        names(self.state.allowed(self.now))
    }
}

/// Lets all happen, and looks after each step.
fn run(
    setup: Setup<'static>,
    steps: Vec<(Event<'static>, i64)>,
    look: impl Fn(Made<'_>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut state = State::new(setup);
    let mut witness = Witness::default();
    let mut now = NOW;
    for (event, days) in steps {
        now = now.plus_ms(days * 86_400_000 / 10);
        let before = state.clone();
        let outcome = state.step(event.clone(), now);
        witness.sees(&event, &before, &state);
        look(Made { witness: &witness, before: &before, state: &state, outcome, now })?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_is_granted_that_was_not_granted_by_an_act(steps in steps()) {
        run(setup(), steps, |made| {
            let (granted, state) = (&made.witness.granted, made.state);
            prop_assert!(made.allowed().is_subset(granted));
            if made.outcome == Outcome::Decided {
                let kept = state.choice().unwrap();
                let mut yes = state.answers().iter().chain(&kept.answers).filter(|a| a.status == Status::Granted);
                prop_assert!(yes.all(|answer| granted.contains(answer.purpose)));
                prop_assert_eq!(state.answers().len(), PURPOSES.len());
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_switch_starts_out_on_that_was_not_granted(steps in steps(), context in context()) {
        run(Setup { context, ..setup() }, steps, |made| {
            prop_assert!(!made.opened_preferences() || drawn(made.state).is_subset(&made.witness.granted));
            Ok(())
        })?;
    }

    #[test]
    fn what_was_objected_to_is_never_used_and_starts_out_so(steps in steps(), context in context()) {
        run(Setup { context, ..by_interest() }, steps, |made| {
            let refused = &made.witness.refused;
            prop_assert!(made.allowed().is_disjoint(refused));
            prop_assert!(!made.opened_preferences() || drawn(made.state).is_disjoint(refused));
            Ok(())
        })?;
    }

    #[test]
    fn what_changes_what_may_be_used_is_told(steps in prop::collection::vec(events(), 0..40)) {
        let mut state = State::new(setup());
        for event in steps {
            let before = state.allowed(NOW);
            let outcome = state.step(event, NOW);
            let told = matches!(outcome, Outcome::Known | Outcome::Changed | Outcome::Decided);
            prop_assert!(told || state.allowed(NOW) == before);
            if outcome == Outcome::Decided {
                prop_assert_eq!(state.view(), View::Hidden);
            }
        }
    }
}
