use super::*;
use crate::{
    purpose::Purpose::{Analytics, Inference, ModelTraining, Personalization},
    regime::{GDPR, US_OPT_OUT},
};
use alloc::collections::BTreeSet;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

fn setup() -> Setup {
    Setup {
        purposes: Purpose::DEFAULT.to_vec(),
        notice: NoticeVersion::FIRST,
        context: Context { regime: &GDPR, gpc: false },
    }
}

fn choice(status: Status, decided_at: Timestamp) -> Choice {
    let answers = Purpose::DEFAULT.map(|purpose| Answer { purpose, status, decided_at });
    Choice { notice: NoticeVersion::FIRST, answers: answers.to_vec() }
}

fn loaded(setup: Setup, kept: Option<Choice>, now: Timestamp) -> State {
    step(State::new(setup), Event::PageLoaded(kept), now).0
}

/// The state after some events that all happen at [`NOW`], and the effects of the last.
fn after<const N: usize>(mut state: State, events: [Event; N]) -> (State, Vec<Effect>) {
    let mut effects = vec![];
    for event in events {
        (state, effects) = step(state, event, NOW);
    }
    (state, effects)
}

fn asks(setup: Setup, kept: Choice, now: Timestamp) -> bool {
    *loaded(setup, Some(kept), now).view() == View::Banner
}

fn statuses(effects: &[Effect]) -> Vec<Status> {
    let recorded = effects.iter().find_map(|effect| match effect {
        Effect::Record(answers) => Some(answers.iter().map(|answer| answer.status).collect()),
        _ => None,
    });
    recorded.unwrap_or_default()
}

#[test]
fn a_first_visit_shows_the_banner_and_allows_nothing() {
    let (_, effects) = step(State::new(setup()), Event::PageLoaded(None), NOW);
    let nothing = Effect::Allow { purposes: vec![], changed: false };
    assert_eq!(effects, [Effect::Signal(ConsentMode::DENIED), nothing, Effect::ShowBanner]);
}

#[test]
fn accepting_keeps_records_and_allows_everything() {
    let (state, effects) = after(loaded(setup(), None, NOW), [Event::AcceptAll]);
    assert_eq!(statuses(&effects), [Status::Granted; 4]);
    assert!(effects.contains(&Effect::Store(choice(Status::Granted, NOW))));
    assert!(effects.contains(&Effect::Allow { purposes: Purpose::DEFAULT.to_vec(), changed: true }));
    assert_eq!(*state.view(), View::Hidden);
}

#[test]
fn rejecting_records_a_refusal_of_every_purpose() {
    let (state, effects) = after(loaded(setup(), None, NOW), [Event::RejectAll]);
    assert_eq!(statuses(&effects), [Status::Revoked; 4]);
    assert!(state.allowed(NOW).is_empty());
}

#[test]
fn no_switch_starts_out_on() {
    let (_, effects) = after(loaded(setup(), None, NOW), [Event::OpenPreferences]);
    let off = Purpose::DEFAULT.map(|purpose| (purpose, false)).to_vec();
    assert_eq!(effects, [Effect::HideBanner, Effect::ShowPreferences(off)]);
}

#[test]
fn no_switch_starts_out_on_even_where_the_law_wants_an_opt_out() {
    let context = Context { regime: &US_OPT_OUT, gpc: false };
    let state = loaded(Setup { context, ..setup() }, None, NOW);
    assert_eq!(state.allowed(NOW), [Inference, Analytics, Personalization]);
    let (_, effects) = after(state, [Event::OpenPreferences, Event::Save]);
    assert_eq!(statuses(&effects), [Status::Revoked; 4]);
}

#[test]
fn saving_grants_what_was_switched_on_and_refuses_the_rest() {
    let events = [Event::OpenPreferences, Event::Toggle(Analytics, true), Event::Save];
    let (state, effects) = after(loaded(setup(), None, NOW), events);
    assert_eq!(state.allowed(NOW), [Analytics]);
    assert_eq!(statuses(&effects), [Status::Revoked, Status::Revoked, Status::Granted, Status::Revoked]);
}

#[test]
fn closing_the_preferences_forgets_the_switches_and_brings_the_banner_back() {
    let open = [Event::OpenPreferences, Event::Toggle(Analytics, true), Event::Close];
    let (state, effects) = after(loaded(setup(), None, NOW), open);
    assert_eq!(effects, [Effect::HidePreferences, Effect::ShowBanner, Effect::ReturnFocus]);
    let (_, effects) = after(state, [Event::OpenPreferences, Event::Save]);
    assert_eq!(statuses(&effects), [Status::Revoked; 4]);
}

#[test]
fn closing_the_banner_decides_nothing_and_asks_on_the_next_page() {
    let (state, effects) = after(loaded(setup(), None, NOW), [Event::Close]);
    assert_eq!(effects, [Effect::HideBanner]);
    assert_eq!(state.choice, None);
}

#[test]
fn reopening_shows_the_switches_as_they_were_saved() {
    let kept = after(
        loaded(setup(), None, NOW),
        [Event::OpenPreferences, Event::Toggle(Inference, true), Event::Save],
    );
    let (_, effects) = after(kept.0, [Event::OpenPreferences]);
    let on = |purpose| (purpose, false);
    let expected = vec![on(ModelTraining), (Inference, true), on(Analytics), on(Personalization)];
    assert_eq!(effects, [Effect::ShowPreferences(expected)]);
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
    assert!(loaded(setup(), Some(choice(Status::Granted, NOW)), expiry).allowed(expiry).is_empty());
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
    let state = loaded(newer.clone(), Some(choice(Status::Granted, NOW)), NOW);
    assert!(state.allowed(NOW).is_empty());
    assert_eq!(*state.view(), View::Banner);
    assert!(asks(newer, choice(Status::Revoked, NOW), NOW));
}

#[test]
fn a_refusal_of_an_older_notice_still_refuses() {
    let context = Context { regime: &US_OPT_OUT, gpc: false };
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), context, ..setup() };
    assert!(loaded(newer, Some(choice(Status::Revoked, NOW)), NOW).allowed(NOW).is_empty());
}

#[test]
fn a_new_purpose_asks_again_and_the_other_grants_stand() {
    let mut more = setup();
    more.purposes.push(Purpose::SaleOrSharing);
    let state = loaded(more, Some(choice(Status::Granted, NOW)), NOW);
    assert_eq!(state.allowed(NOW), Purpose::DEFAULT);
    assert_eq!(*state.view(), View::Banner);
}

#[test]
fn answers_about_purposes_of_other_pages_are_kept() {
    let fewer = Setup { purposes: vec![Analytics], ..setup() };
    let (state, _) = after(
        loaded(fewer, Some(choice(Status::Granted, NOW)), NOW),
        [Event::OpenPreferences, Event::RejectAll],
    );
    let kept = state.choice.unwrap();
    assert_eq!(kept.current(&Inference).unwrap().status, Status::Granted);
    assert_eq!(kept.current(&Analytics).unwrap().status, Status::Revoked);
}

#[test]
fn a_grant_from_the_future_counts_for_nothing() {
    let kept = choice(Status::Granted, NOW.plus_days(2));
    assert!(loaded(setup(), Some(kept.clone()), NOW).allowed(NOW).is_empty());
    assert!(asks(setup(), kept, NOW));
}

#[test]
fn a_refusal_from_the_future_refuses_and_is_asked_about() {
    let context = Context { regime: &US_OPT_OUT, gpc: false };
    let kept = choice(Status::Revoked, NOW.plus_days(2));
    assert!(loaded(Setup { context, ..setup() }, Some(kept.clone()), NOW).allowed(NOW).is_empty());
    assert!(asks(setup(), kept, NOW));
}

#[test]
fn a_new_answer_is_later_than_the_last_one_even_if_the_clock_was_set_back() {
    let state = loaded(setup(), Some(choice(Status::Revoked, NOW.plus_ms(5_000))), NOW);
    let (state, _) = after(state, [Event::OpenPreferences, Event::AcceptAll]);
    assert_eq!(state.choice.and_then(|choice| choice.latest()), Some(NOW.plus_ms(5_001)));
}

#[test]
fn a_choice_made_in_another_tab_takes_the_banner_away() {
    let kept = Event::StorageChanged(Some(choice(Status::Revoked, NOW)));
    let (state, effects) = after(loaded(setup(), None, NOW), [kept]);
    assert_eq!(effects.last(), Some(&Effect::HideBanner));
    assert_eq!(*state.view(), View::Hidden);
}

#[test]
fn a_choice_removed_in_another_tab_denies_and_asks() {
    let state = loaded(setup(), Some(choice(Status::Granted, NOW)), NOW);
    let (state, effects) = after(state, [Event::StorageChanged(None)]);
    assert!(state.allowed(NOW).is_empty());
    assert_eq!(effects.last(), Some(&Effect::ShowBanner));
}

#[test]
fn a_purpose_that_the_page_does_not_ask_for_is_never_allowed() {
    let (state, _) = after(loaded(setup(), None, NOW), [Event::AcceptAll]);
    assert_eq!(state.decision(&Purpose::SaleOrSharing, NOW), None);
}

fn purposes() -> impl Strategy<Value = Purpose> {
    prop::sample::select(Purpose::DEFAULT.to_vec())
}

fn kept() -> impl Strategy<Value = Option<Choice>> {
    let status = prop_oneof![Just(Status::Granted), Just(Status::Revoked)];
    let answers = prop::collection::btree_map(purposes(), (status, 0..400_u16), 0..4);
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

fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => Just(Event::AcceptAll),
        2 => Just(Event::RejectAll),
        4 => Just(Event::OpenPreferences),
        6 => (purposes(), any::<bool>()).prop_map(|(purpose, on)| Event::Toggle(purpose, on)),
        3 => Just(Event::Save),
        3 => Just(Event::Close),
        1 => kept().prop_map(Event::StorageChanged),
        1 => kept().prop_map(Event::PageLoaded),
    ]
}

/// What a person can be said to have granted, told from what they did and not from how the machine works.
#[derive(Default)]
struct Witness {
    granted: BTreeSet<Purpose>,
    switched_on: BTreeSet<Purpose>,
}

impl Witness {
    fn sees(&mut self, event: &Event, view: &View) {
        let shown = *view != View::Hidden;
        let preferences = matches!(view, View::Preferences { .. });
        match event {
            Event::AcceptAll if shown => self.granted = Purpose::DEFAULT.into(),
            Event::RejectAll if shown => self.granted.clear(),
            Event::OpenPreferences if !preferences => self.switched_on = self.granted.clone(),
            Event::Toggle(purpose, true) => drop(self.switched_on.insert(purpose.clone())),
            Event::Toggle(purpose, false) => drop(self.switched_on.remove(purpose)),
            Event::Save if preferences => self.granted = self.switched_on.clone(),
            Event::StorageChanged(kept) | Event::PageLoaded(kept) => {
                let answers = kept.iter().flat_map(|choice| &choice.answers);
                let yes = answers.filter(|answer| answer.status == Status::Granted);
                self.granted = yes.map(|answer| answer.purpose.clone()).collect();
            }
            _ => {}
        }
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
            witness.sees(&event, state.view());
            let effects;
            (state, effects) = step(state, event, now);
            prop_assert!(state.allowed(now).iter().all(|purpose| witness.granted.contains(purpose)));
            for effect in effects {
                match effect {
                    Effect::Record(answers) | Effect::Store(Choice { answers, .. }) => {
                        let mut yes = answers.iter().filter(|answer| answer.status == Status::Granted);
                        prop_assert!(yes.all(|answer| witness.granted.contains(&answer.purpose)));
                    }
                    Effect::ShowPreferences(switches) => {
                        let mut on = switches.iter().filter(|(_, on)| *on);
                        prop_assert!(on.all(|(purpose, _)| witness.granted.contains(purpose)));
                    }
                    Effect::Allow { purposes, .. } => {
                        prop_assert!(purposes.iter().all(|purpose| witness.granted.contains(purpose)));
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn what_is_shown_and_hidden_matches_the_state(steps in prop::collection::vec(events(), 0..40)) {
        let (mut state, mut banner, mut preferences) = (State::new(setup()), false, false);
        for event in steps {
            let effects;
            (state, effects) = step(state, event, NOW);
            for effect in effects {
                match effect {
                    Effect::ShowBanner => banner = true,
                    Effect::HideBanner => banner = false,
                    Effect::ShowPreferences(_) => preferences = true,
                    Effect::HidePreferences => preferences = false,
                    _ => {}
                }
            }
            prop_assert_eq!(banner, *state.view() == View::Banner);
            prop_assert_eq!(preferences, matches!(state.view(), View::Preferences { .. }));
        }
    }
}
