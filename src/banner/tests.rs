use super::*;
use crate::regime::{GDPR, US_OPT_OUT};
use alloc::collections::BTreeSet;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);
const PURPOSES: [&str; 4] = ["model_training", "inference", "analytics", "personalization"];
/// The places of the last three.
const INFERENCE: usize = 1;
const ANALYTICS: usize = 2;
const PERSONALIZATION: usize = 3;

const OPT_OUT: Context = Context { regime: &US_OPT_OUT, gpc: false };

fn setup() -> Setup<'static> {
    Setup {
        purposes: &PURPOSES,
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
    let more = Setup { purposes: &purposes, ..setup() };
    let state = loaded(more, Some(choice(Status::Granted, NOW)), NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, set(&[0, 1, 2, 3])));
}

#[test]
fn answers_about_purposes_of_other_pages_are_kept() {
    let fewer = Setup { purposes: &["analytics"], ..setup() };
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
    let many = Setup { purposes: &["again"; Set::MOST + 1], ..setup() };
    assert_eq!(State::new(many).setup().purposes.len(), Set::MOST);
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

/// What a person can be said to have granted, told from what they did and not from how the machine works.
#[derive(Default)]
struct Witness {
    granted: BTreeSet<&'static str>,
    switched_on: BTreeSet<&'static str>,
}

impl Witness {
    fn sees(&mut self, event: &Event<'static>, view: View) {
        let shown = view != View::Hidden;
        let preferences = matches!(view, View::Preferences { .. });
        match event {
            Event::AcceptAll if shown => self.granted = PURPOSES.into(),
            Event::RejectAll if shown => self.granted.clear(),
            Event::OpenPreferences if !preferences => self.switched_on = self.granted.clone(),
            Event::Toggle(place, true) => drop(self.switched_on.insert(PURPOSES[*place])),
            Event::Toggle(place, false) => drop(self.switched_on.remove(PURPOSES[*place])),
            Event::Save if preferences => self.granted = self.switched_on.clone(),
            Event::StorageChanged(kept) | Event::PageLoaded(kept) => {
                let answers = kept.iter().flat_map(|choice| &choice.answers);
                let yes = answers.filter(|answer| answer.status == Status::Granted);
                self.granted = yes.map(|answer| answer.purpose).collect();
            }
            _ => {}
        }
    }

    /// Whether everything in the set was granted.
    fn granted_all(&self, set: Set) -> bool {
        (0..).zip(PURPOSES).all(|(place, purpose)| !set.has(place) || self.granted.contains(purpose))
    }
}

proptest! {
    #[test]
    fn nothing_is_granted_that_was_not_granted_by_an_act(
        steps in prop::collection::vec((events(), 0..200_i64), 0..40),
    ) {
        let mut state = State::new(setup());
        let mut witness = Witness::default();
        let mut now = NOW;
        for (event, days) in steps {
            now = now.plus_ms(days * 86_400_000 / 10);
            let opens =
                matches!(event, Event::OpenPreferences) && !matches!(state.view(), View::Preferences { .. });
            witness.sees(&event, state.view());
            let outcome = state.step(event, now);
            prop_assert!(witness.granted_all(state.allowed(now)));
            if outcome == Outcome::Decided {
                let kept = state.choice().unwrap();
                let mut yes = state.answers().iter().chain(&kept.answers).filter(|a| a.status == Status::Granted);
                prop_assert!(yes.all(|answer| witness.granted.contains(answer.purpose)));
                prop_assert_eq!(state.answers().len(), PURPOSES.len());
            }
            prop_assert!(!opens || witness.granted_all(state.draft()));
        }
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
