"""The trained intent classifier at run time: fills the port `IntentClassifier`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from ivr.models.classifier_parameters import load_parameters
from ivr.models.intent_features import TfIdf, letter_terms, word_terms
from ivr.models.sentence_embedding import SentenceEmbedder
from ivr.steering.intents import OUT_OF_SCOPE, Candidate, Classification
from ivr.steering.text import normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.models.artefact import ModelArtefact
    from ivr.models.classifier_parameters import ClassifierParameters
    from ivr.steering.intents import IntentId

UNKNOWN_WORDS_SHARE = 0.6
"""What goes to out of scope at least when the model knows none of the words or no intent claims them."""


class Embedder(Protocol):
    """Gives normalised text a vector (384,) of length 1."""

    def vector(self, text: str, /) -> npt.NDArray[np.float64]:
        """The vector of one text."""
        ...


class LinearIntentClassifier:
    """TF-IDF features and a calibrated linear model; a fraction of a millisecond a text.

    A model trained with sentence embeddings adds them, some ten milliseconds a text; unless it is
    given an `embedder`, it loads the installed one and raises `ModelUnusableError` without it.

    When no single word of a text was in the training corpus (or there is no word at all), letters
    alone would still favour some intent; so at least 0.6 of the probability then goes to out of
    scope, or, in a model without it, evenly to all intents. The same goes for a text that no intent
    claims: whose best logit is lower than that of nearly all utterances in scope.
    """

    def __init__(
        self,
        parameters: ClassifierParameters,
        *,
        version: str,
        embedder: Embedder | None = None,
    ) -> None:
        self._version = version
        self._language = parameters.language
        self._intents = parameters.intents
        self._words = TfIdf(word_terms, terms=parameters.word_terms, idf=parameters.word_idf)
        self._letters = TfIdf(
            letter_terms, terms=parameters.letter_terms, idf=parameters.letter_idf
        )
        self._known = frozenset(term for term in parameters.word_terms if " " not in term)
        # A row for each term: what a text needs lies together.
        by_term = parameters.weights.T
        words = len(parameters.word_terms)
        terms = words + len(parameters.letter_terms)
        self._word_weights = by_term[:words].copy()
        self._letter_weights = by_term[words:terms].copy()
        self._sentence_weights = by_term[terms:].copy()
        self._embedder = embedder
        if parameters.embedding and embedder is None:
            self._embedder = SentenceEmbedder.load(parameters.embedding)
        self._intercepts = parameters.intercepts
        self._temperature = parameters.temperature
        self._least_logit = parameters.least_logit

    @classmethod
    def load(cls, artefact: ModelArtefact) -> LinearIntentClassifier:
        """Build it from a verified artefact; raises `ModelUnusableError`."""
        return cls(load_parameters(artefact.folder), version=artefact.version)

    @property
    def version(self) -> str:
        """Which artefact this is."""
        return self._version

    def classify(self, text: str) -> Classification:
        """All intents for recognised words, most probable first (ties in the model's order)."""
        probabilities = self._probabilities(normalise(text, self._language))
        order = np.argsort(-probabilities, kind="stable")
        return Classification(
            candidates=tuple(
                Candidate(intent=self._intents[index], probability=float(probabilities[index]))
                for index in order
            ),
            model_version=self._version,
        )

    def logits(self, text: str) -> npt.NDArray[np.float64]:
        """What the linear model says of normalised text, (n_intents,), before the temperature."""
        words, letters = self._words.vector(text), self._letters.vector(text)
        logits: npt.NDArray[np.float64] = (
            words.values @ self._word_weights[words.columns]
            + letters.values @ self._letter_weights[letters.columns]
            + self._intercepts
        )
        if self._embedder is not None:
            logits += self._embedder.vector(text) @ self._sentence_weights
        return logits

    def _probabilities(self, text: str) -> npt.NDArray[np.float64]:
        """Probabilities (n_intents,) of normalised text."""
        probabilities = probabilities_of(
            self.logits(text)[np.newaxis], self._intents, self._temperature, self._least_logit
        )
        if self._known.isdisjoint(text.split()):
            probabilities = _unclaimed(probabilities, self._intents)
        of_text: npt.NDArray[np.float64] = probabilities[0]
        return of_text


def probabilities_of(
    logits: npt.NDArray[np.float64],
    intents: Sequence[IntentId],
    temperature: float,
    least_logit: float | None,
) -> npt.NDArray[np.float64]:
    """Calibrated probabilities of `logits`, both (n_texts, n_intents).

    Of a text whose best intent in scope stays below `least_logit`, at least 0.6 goes to out of scope.
    """
    probabilities = softmax(logits / temperature)
    if least_logit is not None:
        doubted = logits[:, in_scope_columns(intents)].max(axis=1) < least_logit
        probabilities[doubted] = _unclaimed(probabilities[doubted], intents)
    return probabilities


def in_scope_columns(intents: Sequence[IntentId]) -> npt.NDArray[np.intp]:
    """Columns of all intents but out of scope."""
    return np.array([n for n, intent in enumerate(intents) if intent != OUT_OF_SCOPE], np.intp)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _unclaimed(
    probabilities: npt.NDArray[np.float64], intents: Sequence[IntentId]
) -> npt.NDArray[np.float64]:
    """Give what nobody has seen the like of to out of scope, or evenly to all without that."""
    if OUT_OF_SCOPE in intents:
        belief = np.zeros(len(intents))
        belief[intents.index(OUT_OF_SCOPE)] = 1.0
    else:
        belief = np.full(len(intents), 1.0 / len(intents))
    claimed: npt.NDArray[np.float64] = (1.0 - UNKNOWN_WORDS_SHARE) * probabilities
    return claimed + UNKNOWN_WORDS_SHARE * belief
