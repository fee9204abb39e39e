//! Visitors whose browser sends Global Privacy Control.

use super::*;

const GPC: Context = Context { gpc: true, ..OPT_OUT };
const SALE: usize = 0;

fn selling(context: Context) -> Setup<'static> {
    Setup { purposes: asked(["sale_or_sharing", "model_training"], Consent), context, ..setup() }
}

fn first_visit(context: Context) -> State<'static> {
    loaded(selling(context), None, NOW)
}

/// What a later page of the same browser makes of the choice.
fn later(state: &State<'_>, context: Context) -> State<'static> {
    let kept = state.choice().unwrap().to_text().leak();
    loaded(selling(context), Choice::parse(kept), NOW)
}

fn sells(state: &State<'_>) -> bool {
    state.allows("sale_or_sharing", NOW)
}

const ALLOW_BY_SWITCH: [Event<'static>; 3] = [Event::OpenPreferences, Event::Toggle(SALE, true), Event::Save];

#[test]
fn nobody_is_asked_whose_browser_said_no_already() {
    let state = first_visit(GPC);
    assert_eq!((state.view(), state.allowed(NOW)), (View::Hidden, Set::EMPTY));
    assert!(state.gpc_honoured());
}

#[test]
fn where_a_yes_is_needed_anyway_the_signal_keeps_nobody_from_being_asked() {
    let state = first_visit(Context { regime: &DEFAULT, gpc: true });
    assert_eq!(state.view(), View::Banner);
    assert!(state.gpc_honoured());
}

#[test]
fn a_regime_that_does_not_honour_the_signal_says_so() {
    assert!(!first_visit(Context { regime: &GDPR, gpc: true }).gpc_honoured());
}

#[test]
fn preferences_that_are_closed_bring_back_no_banner() {
    let mut state = first_visit(GPC);
    after(&mut state, [Event::OpenPreferences, Event::Close]);
    assert_eq!(state.view(), View::Hidden);
}

#[test]
fn a_yes_by_its_own_switch_outranks_the_signal() {
    let mut state = first_visit(GPC);
    after(&mut state, ALLOW_BY_SWITCH);
    assert!(sells(&state) && sells(&later(&state, GPC)));
}

#[test]
fn a_yes_at_a_placeholder_outranks_the_signal() {
    let mut state = first_visit(GPC);
    after(&mut state, [Event::Allow(SALE)]);
    assert!(sells(&state));
}

#[test]
fn a_yes_to_everything_does_not_outrank_the_signal() {
    let mut state = first_visit(GPC);
    after(&mut state, [Event::OpenPreferences, Event::AcceptAll]);
    assert!(!sells(&state) && sells(&later(&state, OPT_OUT)));
}

#[test]
fn a_yes_to_everything_takes_back_no_yes_that_outranks_the_signal() {
    let mut state = first_visit(GPC);
    after(&mut state, ALLOW_BY_SWITCH);
    after(&mut state, [Event::OpenPreferences, Event::AcceptAll]);
    assert!(sells(&state));
}

#[test]
fn a_yes_to_everything_renews_no_yes_over_the_signal_that_has_ended() {
    let mut state = first_visit(GPC);
    after(&mut state, ALLOW_BY_SWITCH);
    let end = NOW.plus_months(US_OPT_OUT.validity_months);
    for event in [Event::OpenPreferences, Event::AcceptAll] {
        state.step(event, end);
    }
    assert!(!state.allows("sale_or_sharing", end));
}

#[test]
fn a_yes_without_the_signal_does_not_outrank_it_later() {
    let mut state = first_visit(OPT_OUT);
    after(&mut state, ALLOW_BY_SWITCH);
    assert!(sells(&state) && !sells(&later(&state, GPC)));
}

#[test]
fn a_yes_where_the_signal_is_not_honoured_does_not_outrank_it_elsewhere() {
    let mut state = first_visit(Context { regime: &GDPR, gpc: true });
    after(&mut state, ALLOW_BY_SWITCH);
    assert!(sells(&state) && !sells(&later(&state, GPC)));
}

#[test]
fn a_switch_that_would_sell_against_the_signal_starts_out_off() {
    let mut state = first_visit(OPT_OUT);
    after(&mut state, ALLOW_BY_SWITCH);
    let mut state = later(&state, GPC);
    after(&mut state, [Event::OpenPreferences]);
    assert_eq!(state.draft(), Set::EMPTY);
}

#[test]
fn a_no_is_no_yes_over_the_signal() {
    let mut state = first_visit(GPC);
    after(&mut state, ALLOW_BY_SWITCH);
    after(&mut state, [Event::OptOut]);
    assert!(!sells(&state));
    assert!(!state.choice().unwrap().answer("sale_or_sharing").unwrap().current().over_gpc);
}
