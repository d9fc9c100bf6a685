"""Errors as a recogniser makes them, drawn from its counted confusions."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from ivr.steering.text import OTHER_SPEECH
from training.confusions import RATE_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from training.confusions import Confusions, Unit

_FAMILIAR_USES = 5.0
_FAMILIAR_ERRORS = 1.0
_LARGEST_RATE = 0.95
_ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """Things to draw by their counts, which are summed up to each."""

    things: tuple[tuple[str, ...], ...]
    sums: tuple[int, ...]

    @classmethod
    def of(cls, counts: Mapping[tuple[str, ...], int]) -> _Drawing:
        things = tuple(sorted(counts))
        return cls(things=things, sums=tuple(accumulate(counts[thing] for thing in things)))

    @property
    def total(self) -> int:
        return self.sums[-1] if self.sums else 0

    def drawn(self, random: np.random.Generator) -> tuple[str, ...]:
        return self.things[bisect_right(self.sums, random.random() * self.total)]


class LearntErrors:
    """Draws what would be heard for texts, at a word error rate of our choice.

    How likely a word goes wrong, and what becomes of it, are as counted; so is how unevenly errors
    fall on utterances. All of it is scaled to `error_rate` (0..1, the mean over many texts; above one
    half it falls short, as a text cannot lose more than it has). What becomes of a word that was
    counted little is drawn from what becomes of words on the whole: left out, taken for other speech,
    or replaced by what `any_word` gives.
    """

    def __init__(
        self,
        confusions: Confusions,
        *,
        error_rate: float,
        random: np.random.Generator,
        any_word: Callable[[], str],
    ) -> None:
        self._random = random
        self._any_word = any_word
        self._scale = error_rate / max(_counted_error_rate(confusions.counts), 1e-9)
        self._levels = _Drawing.of(
            {(str(step),): n for step, n in enumerate(confusions.utterances_by_error_rate) if n}
        )
        steps = enumerate(confusions.utterances_by_error_rate)
        mean = sum(step * count for step, count in steps) / self._levels.total
        self._level_mean = max(mean, 1.0 / RATE_STEPS)
        self._count(confusions)

    def _count(self, confusions: Confusions) -> None:
        uses: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        kinds: Counter[tuple[str, ...]] = Counter()
        outcomes: defaultdict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
        added: Counter[tuple[str, ...]] = Counter()
        for (said, heard), count in confusions.counts.items():
            words = said.split()
            uses.update(dict.fromkeys(words, count))
            if not words:
                added[tuple(heard.split())] += count
            elif said != heard:
                errors.update(dict.fromkeys(words, count))
                kinds[_kind(heard)] += count
                outcomes[said][tuple(heard.split())] += count
        whole = errors.total() / max(uses.total(), 1)
        self._whole = whole
        self._chances = {
            word: (errors[word] + _FAMILIAR_USES * whole) / (uses[word] + _FAMILIAR_USES)
            for word in uses
        }
        self._outcomes = {said: _Drawing.of(counts) for said, counts in outcomes.items()}
        self._kinds = _Drawing.of(kinds)
        self._added = _Drawing.of(added)
        self._added_chance = self._added.total / max(uses.total(), 1)

    def heard(self, words: Sequence[str]) -> list[str]:
        """What is heard for the words of one utterance; may be nothing."""
        scale = self._scale * self._level()
        heard: list[str] = []
        place = 0
        while place < len(words):
            if self._random.random() < min(scale * self._added_chance, _LARGEST_RATE):
                heard.extend(self._added.drawn(self._random))
            chance = scale * self._chances.get(words[place], self._whole)
            if self._random.random() < min(chance, _LARGEST_RATE):
                said, made = self._misheard(words, place)
                heard.extend(made)
                place += said
            else:
                heard.append(words[place])
                place += 1
        return heard

    def _level(self) -> float:
        """How bad this utterance is heard, 1 in the mean."""
        if not self._levels.total:
            return 1.0
        return int(self._levels.drawn(self._random)[0]) / self._level_mean

    def _misheard(self, words: Sequence[str], place: int) -> tuple[int, tuple[str, ...]]:
        """How many words (1 or 2) become what."""
        alone = self._outcomes.get(words[place])
        both = (
            self._outcomes.get(" ".join(words[place : place + 2])) if words[place + 1 :] else None
        )
        counted = [(n, found) for n, found in ((1, alone), (2, both)) if found]
        total = sum(found.total for _, found in counted)
        draw = self._random.random() * (total + _FAMILIAR_ERRORS)
        for said, found in counted:
            if draw < found.total:
                return said, found.drawn(self._random)
            draw -= found.total
        return 1, self._as_words_on_the_whole()

    def _as_words_on_the_whole(self) -> tuple[str, ...]:
        if not self._kinds.total:
            return (self._any_word(),)
        kind = self._kinds.drawn(self._random)
        return tuple(self._any_word() if word == _ANY else word for word in kind)


def _counted_error_rate(counts: Mapping[Unit, int]) -> float:
    wrong = words = 0
    for (said, heard), count in counts.items():
        words += count * len(said.split())
        if said != heard:
            wrong += count * max(len(said.split()), len(heard.split()))
    return wrong / max(words, 1)


def _kind(heard: str) -> tuple[str, ...]:
    return tuple(word if word == OTHER_SPEECH else _ANY for word in heard.split())
