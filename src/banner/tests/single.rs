//! Decisions about one purpose: at a placeholder, and opting out.

use super::*;
use LegalBasis::Contract;

#[test]
fn allowing_at_a_placeholder_grants_that_purpose_and_leaves_the_banner() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::Allow(ANALYTICS)]), Outcome::Decided(Surface::Placeholder));
    assert_eq!(state.answers(), [Answer::new("analytics", Status::Granted, NOW)]);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, set(&[ANALYTICS])));
}

#[test]
fn allowing_at_a_placeholder_leaves_the_other_answers() {
    let mut state = loaded(setup(), Some(choice(Status::Revoked, NOW)), NOW);
    after(&mut state, [Event::Allow(ANALYTICS)]);
    assert_eq!(state.answers().len(), 1);
    assert_eq!(state.choice().unwrap().answers.len(), PURPOSES.len());
    assert_eq!((state.view(), state.allowed(NOW)), (View::Hidden, set(&[ANALYTICS])));
}

#[test]
fn allowing_the_last_open_purpose_takes_the_banner_away() {
    let mut state = loaded(Setup { purposes: asked(["analytics"], Consent), ..setup() }, None, NOW);
    after(&mut state, [Event::Allow(0)]);
    assert_eq!(state.view(), View::Hidden);
}

#[test]
fn allowing_what_the_page_does_not_ask_for_or_nobody_answers_changes_nothing() {
    let mut state = loaded(Setup { purposes: asked(["inference"], Contract), ..setup() }, None, NOW);
    assert_eq!(after(&mut state, [Event::Allow(0), Event::Allow(1)]), Outcome::Nothing);
    assert_eq!(state.choice(), None);
}

#[test]
fn allowing_one_purpose_of_a_new_notice_keeps_the_refusals_of_the_old_and_still_asks() {
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), context: OPT_OUT, ..setup() };
    let mut state = loaded(newer, Some(choice(Status::Revoked, NOW)), NOW);
    after(&mut state, [Event::Allow(ANALYTICS)]);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, set(&[ANALYTICS])));
    let kept = state.choice().unwrap().to_text();
    let next_page = loaded(newer, Choice::parse(&kept), NOW);
    assert_eq!((next_page.view(), next_page.allowed(NOW)), (View::Banner, set(&[ANALYTICS])));
}

#[test]
fn allowing_one_purpose_of_a_new_notice_brings_back_no_grant_of_the_old() {
    let newer = Setup { notice: NoticeVersion::new(2).unwrap(), ..setup() };
    let mut state = loaded(newer, Some(choice(Status::Granted, NOW)), NOW);
    after(&mut state, [Event::Allow(ANALYTICS)]);
    assert_eq!(state.allowed(NOW), set(&[ANALYTICS]));
    assert_eq!(state.choice().unwrap().answers.len(), 1);
}

#[test]
fn opting_out_stops_selling_and_nothing_else() {
    let purposes = asked(["analytics", "sale_or_sharing"], Consent);
    let mut state = loaded(Setup { purposes, context: OPT_OUT, ..setup() }, None, NOW);
    assert_eq!(after(&mut state, [Event::OptOut]), Outcome::Decided(Surface::Page));
    assert_eq!(state.answers(), [Answer::new("sale_or_sharing", Status::Revoked, NOW)]);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Banner, set(&[0])));
}

#[test]
fn opting_out_counts_on_the_pages_that_ask_even_if_this_one_does_not() {
    let mut state = first_visit();
    assert_eq!(after(&mut state, [Event::OptOut]), Outcome::Decided(Surface::Page));
    assert_eq!(state.choice().unwrap().answers, [Answer::new("sale_or_sharing", Status::Revoked, NOW)]);
}

#[test]
fn a_decision_in_the_open_preferences_shows_in_their_switches() {
    let mut state = first_visit();
    after(&mut state, [Event::OpenPreferences, Event::Allow(ANALYTICS), Event::Save]);
    assert_eq!(state.allowed(NOW), set(&[ANALYTICS]));
}

#[test]
fn the_dialog_is_where_its_buttons_are() {
    let mut state = first_visit();
    let accept = [Event::OpenPreferences, Event::AcceptAll];
    assert_eq!(after(&mut state, accept), Outcome::Decided(Surface::Dialog));
}
