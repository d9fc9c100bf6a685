"""Texts as a recogniser might garble them, made from a seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from ivr.steering.text import OTHER_SPEECH
from training.learnt_errors import LearntErrors

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from training.confusions import Confusions

_DROPPED = 0.3
_REPLACED = 0.35
_TAKEN_FOR_OTHER_SPEECH = 0.2
_SALAD_WORDS = (2, 5)
_OVERHEARD_WORDS = (1, 10)
_OVERHEARD_LEAST_OTHER_SPEECH = 0.3
_FILLER_LEAST_INTENTS_SHARE = 0.5
_FILLER_LARGEST_INTENT_SHARE = 0.4


class RecogniserNoise:
    """Drops, replaces and inserts words at `error_rate` (a word error rate, 0..1).

    With `confusions`, errors are drawn from what a recogniser was counted to make. Without, by a
    rule: of the errors 30 % drop, 35 % replace, 20 % take for other speech, 15 % insert. What comes in
    by rule is drawn from the corpus's own running words, as it is in a recogniser whose language model
    was made of that corpus.
    """

    def __init__(
        self,
        texts: Sequence[str],
        *,
        error_rate: float,
        random: np.random.Generator,
        confusions: Confusions | None = None,
    ) -> None:
        self._words = tuple(word for text in texts for word in text.split())
        self._error_rate = error_rate
        self._random = random
        self._learnt = confusions and LearntErrors(
            confusions, error_rate=error_rate, random=random, any_word=self._any_word
        )

    def garbled(self, text: str) -> str:
        """Garble one text; a text that would lose all its words stays as it is."""
        if self._learnt:
            return " ".join(self._learnt.heard(text.split())) or text
        words: list[str] = []
        for word in text.split():
            words.extend(self._heard(word))
        return " ".join(words) or text

    def overheard(self, count: int) -> tuple[str, ...]:
        """Make `count` texts of what is heard when nobody speaks to us: television, other topics.

        One to ten words, of which at least 30 % are other speech and the rest any words of the corpus.
        """
        return tuple(self._overheard() for _ in range(count))

    def _overheard(self) -> str:
        length = int(self._random.integers(_OVERHEARD_WORDS[0], _OVERHEARD_WORDS[1] + 1))
        other = self._random.uniform(_OVERHEARD_LEAST_OTHER_SPEECH, 1.0)
        drawn = self._random.random(length) < other
        drawn[int(self._random.integers(length))] = True
        return " ".join(OTHER_SPEECH if is_other else self._any_word() for is_other in drawn)

    def _heard(self, word: str) -> tuple[str, ...]:
        draw = self._random.random()
        if draw >= self._error_rate:
            return (word,)
        kind = draw / self._error_rate
        if kind < _DROPPED:
            return ()
        if kind < _DROPPED + _REPLACED:
            return (self._any_word(),)
        if kind < _DROPPED + _REPLACED + _TAKEN_FOR_OTHER_SPEECH:
            return (OTHER_SPEECH,)
        return (word, self._any_word())

    def _any_word(self) -> str:
        return self._words[int(self._random.integers(len(self._words)))]


def filler_words(texts: Sequence[str], intents: Sequence[str]) -> tuple[str, ...]:
    """Find the words that say nothing alone, in alphabetical order.

    At least half of the intents share such a word, and none of them has over 40 % of its uses.
    """
    uses: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text, intent in zip(texts, intents, strict=True):
        for word in text.split():
            uses[word][intent] += 1
    least = _FILLER_LEAST_INTENTS_SHARE * len(set(intents))
    return tuple(
        word
        for word, by_intent in sorted(uses.items())
        if len(by_intent) >= least
        and max(by_intent.values()) <= _FILLER_LARGEST_INTENT_SHARE * by_intent.total()
    )


def filler_texts(
    fillers: Sequence[str], *, salads: int, random: np.random.Generator
) -> tuple[str, ...]:
    """Every filler word alone, then `salads` of two to five of them.

    It is what a recogniser makes of coughs and noise, and out of scope by construction.
    """
    if not fillers:
        return ()
    lengths = random.integers(_SALAD_WORDS[0], _SALAD_WORDS[1] + 1, size=salads)
    mixed = (" ".join(random.choice(fillers, size=length)) for length in lengths)
    return (*fillers, *mixed)
