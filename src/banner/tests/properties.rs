//! What holds whatever a person does and however long they take.

use super::*;
use crate::regime;
use alloc::collections::BTreeSet;
use proptest::prelude::*;

fn kept() -> impl Strategy<Value = Option<Choice<'static>>> {
    let status = prop_oneof![Just(Status::Granted), Just(Status::Revoked)];
    let answers =
        prop::collection::btree_map(prop::sample::select(&PURPOSES[..]), (status, 0..400_u16), 0..4);
    prop::option::of((1..3_u32, answers).prop_map(|(version, answers)| {
        Choice {
            notice: NoticeVersion::new(version).unwrap(),
            answers: answers
                .into_iter()
                .map(|(purpose, (status, days))| Answer::new(purpose, status, NOW.plus_days(days)))
                .collect(),
        }
    }))
}

fn events() -> impl Strategy<Value = Event<'static>> {
    prop_oneof![
        1 => Just(Event::AcceptAll),
        2 => Just(Event::RejectAll),
        2 => (0..PURPOSES.len() + 1).prop_map(Event::Allow),
        1 => Just(Event::OptOut),
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
            Event::Allow(place) => {
                if let Some(purpose) = PURPOSES.get(*place) {
                    self.granted.insert(purpose);
                    self.switched_on.insert(purpose);
                    self.refused.remove(purpose);
                }
            }
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
            if let Outcome::Decided(surface) = made.outcome {
                let kept = state.choice().unwrap();
                let mut yes = state.answers().iter().chain(&kept.answers).filter(|a| a.status == Status::Granted);
                prop_assert!(yes.all(|answer| granted.contains(answer.purpose)));
                let all = matches!(surface, Surface::Banner | Surface::Dialog);
                prop_assert_eq!(state.answers().len(), if all { PURPOSES.len() } else { 1 });
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
            let told = matches!(outcome, Outcome::Known | Outcome::Changed | Outcome::Decided(_));
            prop_assert!(told || state.allowed(NOW) == before);
            if matches!(outcome, Outcome::Decided(Surface::Banner | Surface::Dialog)) {
                prop_assert_eq!(state.view(), View::Hidden);
            }
        }
    }
}
