"""What a model said of sentences whose intent is known: the one thing all figures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ivr.steering.intents import OUT_OF_SCOPE, IntentId

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.steering.intents import Classification

UNKNOWN = -1
"""Label of a sentence whose intent the model does not have: it can never be right."""


class Classifier(Protocol):
    """Anything that classifies as the served classifier does."""

    def classify(self, text: str) -> Classification:
        """All intents for a text, most probable first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sentence to test with: what the model is given, what was meant, and who said it.

    Sentences of one `group` are kept together wherever figures are resampled. `said` is what the
    speaker said where `text` is only what was heard of it.
    """

    text: str
    intent: IntentId
    group: str
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """A model's answers: `probabilities` (n_sentences, n_intents), each row summing to 1.

    `labels` (n_sentences,) are columns of the right intents, `UNKNOWN` where the model lacks one;
    `texts` is what the model was given, `groups` who said it, `said` what they said where that differs
    (else empty).
    """

    intents: tuple[IntentId, ...]
    texts: tuple[str, ...]
    groups: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float64]
    said: tuple[str, ...] = ()

    @property
    def best(self) -> npt.NDArray[np.int64]:
        """Column of the most probable intent, (n_sentences,)."""
        found: npt.NDArray[np.int64] = self.probabilities.argmax(axis=1)
        return found

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether the most probable intent is the right one, (n_sentences,)."""
        found: npt.NDArray[np.bool_] = self.best == self.labels
        return found

    @property
    def confidence(self) -> npt.NDArray[np.float64]:
        """Probability of the most probable intent, (n_sentences,)."""
        found: npt.NDArray[np.float64] = self.probabilities.max(axis=1)
        return found

    @property
    def margin(self) -> npt.NDArray[np.float64]:
        """Lead of the most probable intent over the second, (n_sentences,)."""
        ranked = np.sort(self.probabilities, axis=1)
        lead: npt.NDArray[np.float64] = ranked[:, -1] - ranked[:, -2]
        return lead

    @property
    def out_of_scope_column(self) -> int:
        """Column of out of scope; `UNKNOWN` - 1, which no label is, when the model has none."""
        return self.intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in self.intents else UNKNOWN - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutOfFold:
    """What models trained without a sentence said of it.

    Rows are those of the corpus, or of the part of it that choices were made on. `as_written` and
    `garbled` are probabilities (n_sentences, n_intents) of `texts` (normalised) and `garbled_texts`;
    `labels` (n_sentences,) are columns of `intents`; `groups` tell who said it.
    """

    intents: tuple[IntentId, ...]
    labels: npt.NDArray[np.int64]
    texts: tuple[str, ...]
    garbled_texts: tuple[str, ...]
    groups: tuple[str, ...]
    as_written: npt.NDArray[np.float64]
    garbled: npt.NDArray[np.float64]

    def predictions(self) -> tuple[Predictions, Predictions]:
        """As written, and garbled."""
        both = ((self.texts, self.as_written), (self.garbled_texts, self.garbled))
        as_written, garbled = (
            Predictions(
                intents=self.intents,
                texts=texts,
                groups=self.groups,
                labels=self.labels,
                probabilities=probabilities,
            )
            for texts, probabilities in both
        )
        return as_written, garbled


def predict(
    classifier: Classifier, intents: Sequence[IntentId], cases: Sequence[Case]
) -> Predictions:
    """Have every case classified; `intents` are those of the classifier, in any fixed order."""
    columns = {intent: column for column, intent in enumerate(intents)}
    probabilities = np.zeros((len(cases), len(columns)))
    for row, case in enumerate(cases):
        for candidate in classifier.classify(case.text).candidates:
            probabilities[row, columns[candidate.intent]] = candidate.probability
    return Predictions(
        intents=tuple(intents),
        texts=tuple(case.text for case in cases),
        groups=tuple(case.group for case in cases),
        labels=np.array([columns.get(case.intent, UNKNOWN) for case in cases], np.int64),
        probabilities=probabilities,
        said=tuple(case.said or case.text for case in cases)
        if any(case.said for case in cases)
        else (),
    )
