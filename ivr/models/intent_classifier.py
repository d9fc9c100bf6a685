"""The trained intent classifier at run time: fills the port `IntentClassifier`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ivr.models.classifier_parameters import load_parameters
from ivr.models.intent_features import TfIdf, letter_terms, word_terms
from ivr.models.sentence_embedding import SentenceEmbedder
from ivr.steering.intents import OUT_OF_SCOPE, Candidate, Classification
from ivr.steering.text import normalise

if TYPE_CHECKING:
    import numpy.typing as npt

    from ivr.models.artefact import ModelArtefact
    from ivr.models.classifier_parameters import ClassifierParameters

UNKNOWN_WORDS_SHARE = 0.6
"""What goes to out of scope at least when the model knows none of the words."""


class LinearIntentClassifier:
    """TF-IDF features and a calibrated linear model; a fraction of a millisecond a text.

    A model trained with sentence embeddings adds them, some ten milliseconds a text, and raises
    `ModelUnusableError` where they are not installed.

    When no single word of a text was in the training corpus (or there is no word at all), letters
    alone would still favour some intent; so at least 0.6 of the probability then goes to out of
    scope, or, in a model without it, evenly to all intents.
    """

    def __init__(self, parameters: ClassifierParameters, *, version: str) -> None:
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
        self._embedder = (
            SentenceEmbedder.load(parameters.embedding) if parameters.embedding else None
        )
        self._intercepts = parameters.intercepts
        self._temperature = parameters.temperature
        self._unknown = _unknown(parameters)

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

    def _probabilities(self, text: str) -> npt.NDArray[np.float64]:
        """Probabilities (n_intents,) of normalised text."""
        words, letters = self._words.vector(text), self._letters.vector(text)
        logits = (
            words.values @ self._word_weights[words.columns]
            + letters.values @ self._letter_weights[letters.columns]
            + self._intercepts
        )
        if self._embedder is not None:
            logits += self._embedder.vector(text) @ self._sentence_weights
        probabilities = softmax(logits / self._temperature)
        if self._known.isdisjoint(text.split()):
            probabilities *= 1.0 - UNKNOWN_WORDS_SHARE
            probabilities += UNKNOWN_WORDS_SHARE * self._unknown
        return probabilities


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: npt.NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _unknown(parameters: ClassifierParameters) -> npt.NDArray[np.float64]:
    """Say what to believe of words nobody has seen, shape (n_intents,)."""
    if OUT_OF_SCOPE not in parameters.intents:
        return np.full(len(parameters.intents), 1.0 / len(parameters.intents))
    belief = np.zeros(len(parameters.intents))
    belief[parameters.intents.index(OUT_OF_SCOPE)] = 1.0
    return belief
