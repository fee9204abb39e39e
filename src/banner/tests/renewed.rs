//! What a browser keeps once it hears what is on record.

use super::*;
use crate::{
    history::{Entry, History, ends, strategies::entries},
    purpose::Purpose,
};
use Status::{Granted, Pending, Revoked};
use alloc::string::String;
use proptest::prelude::*;

const LATER: Timestamp = Timestamp::from_ms(1_795_000_900_000);

/// A moment so many seconds after [`NOW`].
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(NOW.as_ms() + 1_000 * seconds)
}

/// What is on record, in the order of the log: purpose, status, when it was recorded and when it was decided if the caller said so.
fn record(entries: &[(&str, Status, Timestamp, Option<Timestamp>)]) -> History {
    let entry = |(log_index, &(purpose, status, created_at, decided_at)): (u64, &(&str, _, _, _))| Entry {
        log_index,
        purpose: Purpose::parse(purpose).unwrap(),
        status,
        created_at,
        decided_at,
        over_gpc: false,
    };
    History::new((0..).zip(entries).map(entry).collect())
}

fn kept(text: &str) -> Choice<'_> {
    Choice::parse(text).unwrap()
}

/// A yes to analytics that the banner sent at [`NOW`].
const YES: &str = "1 3 analytics=granted@1795000000000";
const SENT: (&str, Status, Timestamp, Option<Timestamp>) = ("analytics", Granted, NOW, Some(NOW));

fn renewed(text: &str, record: &History) -> String {
    kept(text).renewed(record, &["analytics"], LATER).to_text()
}

#[test]
fn what_is_on_record_already_stays_as_it_is() {
    assert_eq!(renewed(YES, &record(&[SENT])), YES);
    let no = "1 3 analytics=revoked@1795000000000@old";
    assert_eq!(renewed(no, &record(&[("analytics", Revoked, NOW, Some(NOW))])), no);
}

#[test]
fn what_is_not_on_record_yet_is_on_its_way_and_stays() {
    assert_eq!(renewed(YES, &record(&[])), YES);
}

#[test]
fn a_no_that_came_later_takes_a_yes_back() {
    let withdrawn = record(&[SENT, ("analytics", Revoked, at(60), None)]);
    assert_eq!(renewed(YES, &withdrawn), "1 3 analytics=revoked@1795000060000");
}

#[test]
fn a_no_that_came_later_takes_a_yes_back_even_if_the_browser_is_an_hour_ahead() {
    let ahead = "1 3 analytics=granted@1795003600000";
    let withdrawn =
        record(&[("analytics", Granted, NOW, Some(at(3600))), ("analytics", Revoked, at(60), None)]);
    assert_eq!(renewed(ahead, &withdrawn), "1 3 analytics=revoked@1795000060000");
}

#[test]
fn a_yes_that_was_said_here_after_that_and_is_on_its_way_stays() {
    let text = "1 3 analytics=granted@1795000090000";
    assert_eq!(renewed(text, &record(&[SENT, ("analytics", Revoked, at(60), None)])), text);
}

#[test]
fn a_yes_that_was_queued_before_a_no_does_not_undo_it() {
    assert_eq!(
        renewed(YES, &record(&[("analytics", Revoked, at(60), None)])),
        "1 3 analytics=revoked@1795000060000"
    );
}

#[test]
fn a_no_that_is_on_its_way_stays_whatever_is_on_record() {
    let text = "1 3 analytics=revoked@1795000000000";
    assert_eq!(renewed(text, &record(&[("analytics", Granted, at(60), None)])), text);
}

#[test]
fn a_yes_that_came_later_counts_on_the_notice_that_was_decided_by_here() {
    let no = "1 3 analytics=revoked@1795000000000";
    let changed = record(&[("analytics", Revoked, NOW, Some(NOW)), ("analytics", Granted, at(60), None)]);
    let text = renewed(no, &changed);
    assert_eq!(text, "1 3 analytics=granted@1795000060000");
    let allowed = |notice| {
        let page = Setup { notice: NoticeVersion::new(notice).unwrap(), ..setup() };
        loaded(page, Some(kept(&text)), LATER).allows("analytics", LATER)
    };
    assert!(allowed(3) && !allowed(4));
}

#[test]
fn a_yes_that_this_browser_dropped_for_a_new_notice_does_not_come_back() {
    let older =
        record(&[("inference", Granted, at(-60), Some(at(-60))), ("analytics", Revoked, NOW, Some(NOW))]);
    let text = "1 3 analytics=revoked@1795000000000";
    assert_eq!(renewed(text, &older), text);
}

#[test]
fn a_no_about_what_was_not_asked_here_is_kept() {
    let other = record(&[SENT, ("inference", Revoked, at(-60), None)]);
    assert_eq!(renewed(YES, &other), "1 3 analytics=granted@1795000000000 inference=revoked@1794999940000");
}

#[test]
fn a_yes_over_the_signal_is_taken_over_as_one_and_one_without_is_not() {
    let mut entries = record(&[("analytics", Revoked, NOW, Some(NOW)), ("analytics", Granted, at(60), None)])
        .entries()
        .to_vec();
    let no = "1 3 analytics=revoked@1795000000000";
    assert!(!renewed(no, &History::new(entries.clone())).contains("@gpc"));
    entries[1].over_gpc = true;
    assert_eq!(renewed(no, &History::new(entries)), "1 3 analytics=granted@1795000060000@gpc");
}

#[test]
fn a_question_that_is_recorded_as_open_allows_nothing_and_is_asked_again() {
    let open = record(&[SENT, ("analytics", Pending, at(60), None)]);
    let text = renewed(YES, &open);
    assert_eq!(text, "1 3 analytics=revoked@1795000060000@old");
    assert_eq!(renewed(&text, &open), text);
}

#[test]
fn an_erasure_ends_every_yes_leaves_a_no_and_has_the_person_asked_again() {
    let text = "1 3 analytics=granted@1795000000000 inference=revoked@1795000000000";
    let erased = record(&[SENT, ("inference", Revoked, NOW, Some(NOW))]).erased(Some(at(60)));
    let text = renewed(text, &erased);
    assert_eq!(text, "1 3 analytics=revoked@1795000060000@old inference=revoked@1795000000000");
    let page = Setup {
        purposes: asked(["analytics", "inference"], Consent),
        notice: NoticeVersion::new(3).unwrap(),
        context: OPT_OUT,
    };
    let state = loaded(page, Some(kept(&text)), LATER);
    assert_eq!((state.allowed(LATER), state.view()), (Set::EMPTY, View::Banner));
}

#[test]
fn after_an_erasure_silence_allows_nothing_either() {
    let erased = record(&[SENT]).erased(Some(at(60)));
    let choice = kept(YES);
    let choice = choice.renewed(&erased, &["analytics", "personalization"], LATER);
    for (basis, context) in [(Consent, OPT_OUT), (LegitimateInterest, setup().context)] {
        let page = Setup {
            purposes: asked(["analytics", "personalization"], basis),
            notice: NoticeVersion::new(3).unwrap(),
            context,
        };
        assert_eq!(loaded(page, Some(choice.clone()), LATER).allowed(LATER), Set::EMPTY);
    }
}

#[test]
fn a_yes_after_an_erasure_counts_here_as_there() {
    let text = "1 3 analytics=revoked@1795000060000@old";
    let again = record(&[SENT, ("analytics", Granted, at(120), None)]).erased(Some(at(60)));
    assert_eq!(renewed(text, &again), "1 3 analytics=granted@1795000120000");
    let here = "1 3 analytics=granted@1795000090000";
    assert_eq!(renewed(here, &record(&[SENT]).erased(Some(at(60)))), here);
}

proptest! {
    /// Moments in the strategies are a few milliseconds after 1970; all is over at this one.
    #[test]
    fn a_choice_that_is_on_record_allows_no_more_than_the_record_does(
        entries in entries(), known in 0..10_u64, erased in prop::option::of(0..9_i64),
    ) {
        let over = Timestamp::from_ms(100);
        let record = History::new(entries.clone()).erased(erased.map(Timestamp::from_ms));
        // What the browser heard of is the beginning of the log.
        let mut heard = entries;
        heard.retain(|entry| entry.log_index < known);
        let heard = History::new(heard);
        let answers = heard.purposes().into_iter().filter_map(|purpose| {
            let current = heard.current(purpose)?;
            let answer = Answer::new(purpose.as_str(), current.status, current.since);
            (current.status != Pending).then_some(answer)
        });
        let kept = Choice { notice: NoticeVersion::FIRST, answers: answers.collect() };
        let once = kept.renewed(&record, &[], over);
        let again = once.renewed(&record, &[], over);
        for answer in once.answers.iter().chain(&again.answers) {
            let current = record.current(&Purpose::parse(answer.purpose).unwrap());
            let stands = current.is_some_and(|current| {
                current.status == Granted && !ends(record.erased_at(), current.status, current.since)
            });
            prop_assert!(answer.status == Revoked || stands, "{answer:?} although {current:?}");
        }
    }
}
