//! Purposes that rest on something else than consent.

use super::*;
use LegalBasis::Contract;

#[test]
fn a_legitimate_interest_is_told_about_and_holds_meanwhile() {
    let state = loaded(by_interest(), None, NOW);
    assert_eq!(
        (state.view(), state.allowed(NOW)),
        (View::Banner, set(&[INFERENCE, ANALYTICS, PERSONALIZATION]))
    );
}

#[test]
fn answers_have_the_ground_of_their_purpose_and_training_that_of_consent() {
    let state = State::new(by_interest());
    let grounds =
        ["analytics", "model_training", "sale_or_sharing"].map(|purpose| state.legal_basis(purpose));
    assert_eq!(grounds, [LegitimateInterest, Consent, Consent]);
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
fn where_the_browser_objects_to_a_legitimate_interest_it_starts_out_with_an_objection() {
    let context = Context { gpc: true, ..setup().context };
    let mut state = loaded(Setup { context, ..by_interest() }, None, NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, Set::EMPTY));
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.draft(), Set::EMPTY);
    after(&mut state, [Event::Toggle(ANALYTICS, true), Event::Save]);
    assert_eq!(state.allowed(NOW), set(&[ANALYTICS]));
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
    assert_eq!(state.answers(), [Answer::new("analytics", Status::Granted, NOW)]);
}

#[test]
fn a_kept_no_stops_even_what_a_contract_needs() {
    let setup = Setup { purposes: asked(["inference"], Contract), ..setup() };
    let state = loaded(setup, Some(choice(Status::Revoked, NOW)), NOW);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Hidden, Set::EMPTY));
}
