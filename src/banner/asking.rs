//! When a person is asked, and what a kept answer still counts for. Owns the part of [`State`] that looks at time; what follows
//! from an event is left to the module above.

use super::{Answer, Asked, Mark, State};
use crate::{
    history::Current,
    record::{LegalBasis, Status},
    regime::DefaultRule,
    time::Timestamp,
};

/// How far ahead of the clock a kept answer may lie. Beyond it the clock was wrong then or is now, and a grant whose age
/// is unknown is none.
const CLOCK_TOLERANCE_DAYS: u16 = 1;

impl<'a> State<'a> {
    /// The kept answer about a purpose, and whether it was given on another version of the notice.
    fn kept(&self, purpose: &str) -> Option<(&Answer<'a>, bool)> {
        let choice = self.choice.as_ref()?;
        let answer = choice.answer(purpose)?;
        Some((answer, answer.mark == Mark::Outdated || choice.notice != self.setup.notice))
    }

    /// The kept answer as far as it still counts: a grant on another version of the notice, or from the future, does not.
    /// A refusal always does.
    pub(super) fn current(&self, purpose: &str, now: Timestamp) -> Option<Current> {
        let (answer, outdated) = self.kept(purpose)?;
        let doubtful = outdated || is_from_the_future(answer.decided_at, now);
        if doubtful && answer.status == Status::Granted { None } else { Some(answer.current()) }
    }

    /// Whether a yes to the purpose stands that outranks Global Privacy Control.
    pub(super) fn stands_over_gpc(&self, asked: &Asked<'_>, now: Timestamp) -> bool {
        let kept = self.kept(asked.name());
        kept.is_some_and(|(answer, _)| answer.mark == Mark::OverGpc) && self.reason(asked, now).allows()
    }

    /// Whether there is a purpose that the person has to be asked about: never answered, answered on another version of
    /// the notice, granted longer ago than a grant stands, or refused longer ago than the pause after a refusal. Where a
    /// person can only object, they are told once: neither the silence nor the objection ends.
    ///
    /// Nobody is asked whose browser already said no where a no is all that the law wants to hear (11 CCR § 7025(f)); the
    /// preferences are there for whoever wants something else.
    pub(super) fn must_ask(&self, now: Timestamp) -> bool {
        let regime = self.setup.context.regime;
        if self.gpc_honoured() && regime.default == DefaultRule::OptOut {
            return false;
        }
        self.setup.purposes.iter().filter(|asked| asked.has_answer()).any(|asked| {
            let Some((answer, outdated)) = self.kept(asked.name()) else { return true };
            let months = match answer.status {
                Status::Granted => regime.validity_months,
                _ => regime.ask_again_months,
            };
            let decided_at = answer.decided_at;
            let ends = asked.basis() == LegalBasis::Consent && decided_at.plus_months(months) <= now;
            outdated || ends || is_from_the_future(decided_at, now)
        })
    }

    /// A moment for a new answer: now, but always after the answers before it, so that a clock that was set back can't make
    /// a new grant look older than the refusal it replaces.
    pub(super) fn moment_of_answer(&self, now: Timestamp) -> Timestamp {
        let mut moment = now;
        for answer in self.choice.iter().flat_map(|choice| &choice.answers) {
            if answer.decided_at >= moment && !is_from_the_future(answer.decided_at, now) {
                moment = answer.decided_at.next();
            }
        }
        moment
    }
}

fn is_from_the_future(moment: Timestamp, now: Timestamp) -> bool {
    moment > now.plus_days(CLOCK_TOLERANCE_DAYS)
}
