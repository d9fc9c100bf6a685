"""What is spoken for learning: sentence, voice, speed, line and who must not have seen it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sternik.confusions.conditions import CONDITIONS, SPEEDS, Condition
from training.folds import split_by_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from training.corpus import Utterance

FOLDS = 4
SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One utterance to hear. `fold` names the language model that was made without its speaker."""

    text: str
    voice: str
    speed: float
    condition: Condition
    fold: int

    @property
    def key(self) -> str:
        """Tells trials of a plan apart."""
        return self._digest.hex()[:16]

    @property
    def first_noise_sample(self) -> int:
        """Where its noise begins."""
        return int.from_bytes(self._digest[:4], "big")

    @property
    def _digest(self) -> bytes:
        parts = (self.text, self.voice, str(self.speed), self.condition.name, str(self.fold))
        return hashlib.sha256("\n".join(parts).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Trials in the order they are heard, and the sentences each fold's language model is made of."""

    trials: tuple[Trial, ...]
    sentences_by_fold: tuple[tuple[str, ...], ...]


def plan_trials(utterances: Sequence[Utterance], voices: Sequence[str], count: int) -> Plan:
    """Choose `count` utterances from a seed; a larger count only adds to the end.

    Each is heard once, by a voice, a speed and a condition in turn. Raises `ConfigurationError` for
    a corpus too small to leave speakers out.
    """
    labels = [utterance.intent for utterance in utterances]
    folds = split_by_group(labels, [utterance.group for utterance in utterances], FOLDS, SEED)
    fold_of = {int(row): fold for fold, (_, test) in enumerate(folds.splits) for row in test}
    random = np.random.default_rng(SEED)
    trials = []
    for number, row in enumerate(random.permutation(len(utterances))[:count]):
        voice, others = voices[number % len(voices)], number // len(voices)
        trials.append(
            Trial(
                text=utterances[row].text,
                voice=voice,
                speed=SPEEDS[others % len(SPEEDS)],
                condition=CONDITIONS[(others // len(SPEEDS) + number) % len(CONDITIONS)],
                fold=fold_of[int(row)],
            )
        )
    return Plan(
        trials=tuple(trials),
        sentences_by_fold=tuple(
            tuple(utterances[row].text for row in train) for train, _ in folds.splits
        ),
    )
