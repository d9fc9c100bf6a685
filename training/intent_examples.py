"""What an intent model is trained on: normalised texts, garbled copies, and what means nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.text import normalise
from training.noise import RecogniserNoise, filler_texts, filler_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.steering.intents import IntentId
    from training.confusions import Confusions
    from training.corpus import Utterance
    from training.trainer_settings import TrainerSettings


_FILLER_WEIGHT = 3.0
"""Every cough may be heard as one of them, so each stands for more than what one caller said."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Normalised texts, `labels` (n_utterances,) as indices of `intents`, and noise of one seed.

    `weights` (n_utterances,) is how much each counts; `groups` who wrote it when. `nothing_meant`
    are texts out of scope by construction, `nothing_weights` how much those count.
    `learnt_of` is how many texts the final model learns of, also where these are a part of them.
    """

    intents: tuple[IntentId, ...]
    texts: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    groups: tuple[str, ...]
    garbled_for_training: tuple[tuple[str, ...], ...]
    garbled_for_testing: tuple[str, ...]
    nothing_meant: tuple[str, ...]
    nothing_weights: npt.NDArray[np.float64]
    learnt_of: int

    def of_rows(self, rows: npt.NDArray[np.int64]) -> Examples:
        """Some of the utterances, in the order of `rows`, with what belongs to them."""
        return Examples(
            intents=self.intents,
            texts=tuple(self.texts[row] for row in rows),
            labels=self.labels[rows],
            weights=self.weights[rows],
            groups=tuple(self.groups[row] for row in rows),
            garbled_for_training=tuple(
                tuple(copy[row] for row in rows) for copy in self.garbled_for_training
            ),
            garbled_for_testing=tuple(self.garbled_for_testing[row] for row in rows),
            nothing_meant=self.nothing_meant,
            nothing_weights=self.nothing_weights,
            learnt_of=self.learnt_of,
        )

    def distinct_texts(self) -> tuple[str, ...]:
        """Every text there is, once, in a fixed order."""
        copies = (self.texts, *self.garbled_for_training, self.garbled_for_testing)
        together = [text for copy in (*copies, self.nothing_meant) for text in copy]
        return tuple(dict.fromkeys(together))


def examples_of(
    utterances: Sequence[Utterance],
    language: str,
    settings: TrainerSettings,
    confusions: Confusions | None = None,
) -> Examples:
    """Normalise a corpus and add its noise; the same settings give the same examples."""
    texts = tuple(normalise(utterance.text, language) for utterance in utterances)
    said = [utterance.intent for utterance in utterances]
    intents = tuple(sorted(set(said)))
    numbers = {intent: number for number, intent in enumerate(intents)}
    random = np.random.default_rng(settings.seed)
    noise = RecogniserNoise(
        texts, error_rate=settings.word_error_rate, random=random, confusions=confusions
    )
    garbled_for_training = tuple(
        tuple(noise.garbled(text) for text in texts) for _ in range(settings.copies_of(len(texts)))
    )
    garbled_for_testing = tuple(noise.garbled(text) for text in texts)
    fillers = _fillers(texts, said, random, settings)
    overheard = noise.overheard(settings.overheard) if OUT_OF_SCOPE in said else ()
    return Examples(
        intents=intents,
        texts=texts,
        labels=np.array([numbers[intent] for intent in said], np.int64),
        weights=np.array([utterance.weight for utterance in utterances], np.float64),
        groups=tuple(utterance.group for utterance in utterances),
        garbled_for_training=garbled_for_training,
        garbled_for_testing=garbled_for_testing,
        nothing_meant=(*fillers, *overheard),
        nothing_weights=np.repeat([_FILLER_WEIGHT, 1.0], [len(fillers), len(overheard)]),
        learnt_of=len(texts) * (1 + len(garbled_for_training)) + len(fillers) + len(overheard),
    )


def _fillers(
    texts: Sequence[str],
    said: Sequence[IntentId],
    random: np.random.Generator,
    settings: TrainerSettings,
) -> tuple[str, ...]:
    if OUT_OF_SCOPE not in said:
        return ()
    words = filler_words(texts, said)
    return filler_texts(words, salads=settings.filler_salads, random=random)
