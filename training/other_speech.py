"""A branch for other speech in the language model, so that it need not make the corpus's words of it.

A model of the corpus alone has to call everything a word of the corpus. Here a general vocabulary
stands beside it: from any context, speech may leave into a general word with a probability, and come
back from there. General words are written in brackets, so that whoever reads them knows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from training.backoff_model import BackoffModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.backoff_model import Gram


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherSpeech:
    """General words (without brackets) by their share of the branch (summing to 1).

    `entering` (0..1, below 1) is the probability of a general word where the words before say nothing
    of what follows. After words that a corpus knows how to go on from it is lower by itself, and
    after a general word it is the probability of another one.
    """

    shares: Mapping[str, float]
    entering: float


def bracketed(word: str) -> str:
    """A word as the recogniser writes it when it was heard as other speech."""
    return f"[{word}]"


def with_other_speech(model: BackoffModel, other: OtherSpeech) -> BackoffModel:
    """Mix the branch into a model; every context's probabilities still sum to one.

    With e(h) for entering after the context h: each probability after h is multiplied by 1 - e(h),
    and general words are reached by backing off. So that corpus words reached by backing off shrink
    alike, the back-off weight b becomes b' = b / (1 - e(h') + e(h') b), where h' is h without its
    first word, and e(h) = e(h') b'.
    """
    if not other.shares:
        return model
    entering: dict[Gram, float] = {(): other.entering}
    backoffs: dict[Gram, float] = {}
    for context in sorted(model.log10_backoffs, key=len):
        shorter = _entering_after(entering, context[1:])
        backoff = 10 ** model.log10_backoffs[context]
        backoff /= 1 - shorter + shorter * backoff
        backoffs[context] = math.log10(backoff)
        entering[context] = shorter * backoff
    levels = [
        {
            gram: probability + math.log10(1 - _entering_after(entering, gram[:-1]))
            for gram, probability in level.items()
        }
        for level in model.log10_probabilities
    ]
    levels[0] |= {
        (bracketed(word),): math.log10(other.entering * share)
        for word, share in other.shares.items()
    }
    return BackoffModel(log10_probabilities=tuple(levels), log10_backoffs=backoffs)


def _entering_after(entering: Mapping[Gram, float], context: Gram) -> float:
    """Of a context that nothing follows in the corpus it is that of the shorter one."""
    while context not in entering:
        context = context[1:]
    return entering[context]
