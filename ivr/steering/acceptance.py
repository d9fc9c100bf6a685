"""How sure the classifier is, and how well was heard, measured against the policy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.steering.hearing import Hearing, faults
from ivr.steering.intents import OUT_OF_SCOPE, Classification, IntentId
from ivr.steering.policy import Policy, Thresholds


class Sureness(StrEnum):
    """What may be done with a classification.

    `UNSURE`: not route. `ACCEPTED`: route once the caller has finished. `SURE`: so clear that more
    words would hardly change it, so a shorter silence is enough to act.
    """

    UNSURE = "unsure"
    ACCEPTED = "accepted"
    SURE = "sure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A classification weighed: the best intent, the thresholds it was held to, and why.

    `reasons` are sentences without anything the caller said.
    """

    sureness: Sureness
    intent: IntentId
    thresholds: Thresholds
    reasons: tuple[str, ...]


def judge(classification: Classification, policy: Policy, hearing: Hearing) -> Judgement:
    """Weigh the best candidate and how it was heard.

    Out of scope is never accepted, however probable, nor are words heard worse than the policy allows.
    """
    best = classification.best
    rule = policy.rule_for(best.intent)
    sureness = _sureness(classification, rule.acceptance, rule.early)
    if best.intent == OUT_OF_SCOPE:
        sureness = Sureness.UNSURE
        reasons: tuple[str, ...] = (
            f"nothing we steer: {OUT_OF_SCOPE} is best with {best.probability:.2f}",
        )
    else:
        reasons = _comparisons(classification, rule.acceptance)
    if badly_heard := faults(hearing, policy.hearing):
        sureness = Sureness.UNSURE
    return Judgement(
        sureness=sureness,
        intent=best.intent,
        thresholds=rule.acceptance,
        reasons=(*badly_heard, *reasons),
    )


def _sureness(
    classification: Classification, acceptance: Thresholds, early: Thresholds
) -> Sureness:
    if not _reaches(classification, acceptance):
        return Sureness.UNSURE
    return Sureness.SURE if _reaches(classification, early) else Sureness.ACCEPTED


def _reaches(classification: Classification, thresholds: Thresholds) -> bool:
    return (
        classification.best.probability >= thresholds.probability
        and classification.margin >= thresholds.margin
    )


def _comparisons(classification: Classification, thresholds: Thresholds) -> tuple[str, ...]:
    best = classification.best
    return (
        _comparison(f"{best.intent} probability", best.probability, thresholds.probability),
        _comparison("margin over the next intent", classification.margin, thresholds.margin),
    )


def _comparison(what: str, value: float, threshold: float) -> str:
    """Round towards failure, so that 0.549 is not written as 0.55 < 0.55."""
    if value >= threshold:
        return f"{what} {value:.2f} ≥ {threshold:.2f}"
    return f"{what} {value:.3f} < {threshold:.2f}"
