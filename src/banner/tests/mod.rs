//! The banner by what a person does. Owns what all its tests begin with, and the tests of asking as it mostly is.

mod gpc;
mod grounds;
mod properties;
#[cfg(feature = "full")]
mod renewed;
mod single;

use super::*;
use crate::regime::{DEFAULT, GDPR, US_OPT_OUT};
use LegalBasis::{Consent, LegitimateInterest};

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

/// The four purposes, of which the last three rest on a legitimate interest.
fn by_interest() -> Setup<'static> {
    Setup { purposes: asked(PURPOSES, LegitimateInterest), ..setup() }
}

fn choice(status: Status, decided_at: Timestamp) -> Choice<'static> {
    let answers = PURPOSES.map(|purpose| Answer::new(purpose, status, decided_at));
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
    assert_eq!(after(&mut state, [Event::AcceptAll]), Outcome::Decided(Surface::Banner));
    assert_eq!(statuses(&state), [Status::Granted; 4]);
    assert_eq!(state.choice(), Some(&choice(Status::Granted, NOW)));
    assert_eq!(state.allowed(NOW), set(&[0, 1, 2, 3]));
    assert!(state.consent_mode(NOW).analytics_storage);
    assert_eq!(state.view(), View::Hidden);
}

#[test]
fn rejecting_records_a_refusal_of_every_purpose() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::RejectAll]), Outcome::Decided(Surface::Banner));
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
    assert_eq!(kept.answer("inference").unwrap().status, Status::Granted);
    assert_eq!(kept.answer("analytics").unwrap().status, Status::Revoked);
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
    assert_eq!(state.choice().unwrap().answers[0].decided_at, NOW.plus_ms(5_001));
}

#[test]
fn a_new_answer_in_the_same_millisecond_is_later_than_the_last_one() {
    let mut state = loaded(setup(), Some(choice(Status::Revoked, NOW)), NOW);
    after(&mut state, [Event::OpenPreferences, Event::AcceptAll]);
    assert_eq!(state.answers()[0].decided_at, NOW.plus_ms(1));
}

#[test]
fn what_another_tab_decided_is_not_for_this_one_to_record() {
    let mut state = first_visit();
    after(&mut state, [Event::AcceptAll, Event::StorageChanged(Some(choice(Status::Revoked, NOW)))]);
    assert_eq!(state.answers(), []);
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
