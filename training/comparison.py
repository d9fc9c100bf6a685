"""Two models on the same sentences: better, worse, or can't tell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ivr.errors import ConfigurationError
from training.intervals import Interval, Resampling, mcnemar_p

if TYPE_CHECKING:
    from training.predictions import Predictions

SIGNIFICANT_P = 0.05
_SMALLEST_SHOWN_P = 0.001


class Verdict(StrEnum):
    """What may be said of the new model."""

    BETTER = "better"
    WORSE = "worse"
    CANNOT_TELL = "can't tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A model against another on the `count` sentences of the set `on`.

    `difference` is of accuracies, new less old. `verdict` is better or worse only when the interval
    (bootstrap of whole groups) leaves out zero and the exact McNemar test is below 0.05; `words`
    say it in one sentence.
    """

    on: str
    new: str
    old: str
    count: int
    new_accuracy: float
    old_accuracy: float
    difference: Interval
    only_new_right: int
    only_old_right: int
    mcnemar_p: float
    verdict: Verdict
    words: str


def compare_predictions(
    new: Predictions, old: Predictions, *, on: str, new_name: str, old_name: str
) -> Comparison:
    """Compare what two models made of the same sentences, in the same order."""
    if not len(new.texts) or len(new.texts) != len(old.texts):
        raise ConfigurationError(
            f"{len(new.texts)} and {len(old.texts)} sentences cannot be paired",
            advice="let both models judge the same test sentences",
        )
    right, old_right = new.right, old.right
    difference = Resampling(new.groups).mean(right.astype(np.float64) - old_right)
    only_new, only_old = int((right & ~old_right).sum()), int((old_right & ~right).sum())
    p = mcnemar_p(only_new, only_old)
    verdict = _verdict(difference, p)
    return Comparison(
        on=on,
        new=new_name,
        old=old_name,
        count=len(right),
        new_accuracy=float(right.mean()),
        old_accuracy=float(old_right.mean()),
        difference=difference,
        only_new_right=only_new,
        only_old_right=only_old,
        mcnemar_p=p,
        verdict=verdict,
        words=_words(verdict, difference, only_new, only_old, p),
    )


def _verdict(difference: Interval, p: float) -> Verdict:
    if p < SIGNIFICANT_P and difference.low > 0:
        return Verdict.BETTER
    if p < SIGNIFICANT_P and difference.high < 0:
        return Verdict.WORSE
    return Verdict.CANNOT_TELL


def _words(verdict: Verdict, difference: Interval, only_new: int, only_old: int, p: float) -> str:
    opening = {
        Verdict.BETTER: "The new model is better",
        Verdict.WORSE: "The new model is worse",
        Verdict.CANNOT_TELL: "These sentences can't tell which model is better",
    }[verdict]
    shown_p = f"p < {_SMALLEST_SHOWN_P}" if p < _SMALLEST_SHOWN_P else f"p = {p:.3f}"
    return (
        f"{opening}: {100 * difference.value:+.1f} points of accuracy, 95 % interval "
        f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}. Only the new one is right on "
        f"{only_new}, only the old one on {only_old} (McNemar, exact, {shown_p})."
    )
