"""One fitted intent model: n-gram features, embeddings if wanted, and a linear model of each intent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ivr.models.classifier_parameters import ClassifierParameters
from ivr.steering.intents import OUT_OF_SCOPE
from training.vectorisers import letter_vectoriser, word_vectoriser

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from training.intent_choice import Choice
    from training.intent_examples import Examples
    from training.sentence_vectors import SentenceVectors
    from training.trainer_settings import TrainerSettings

_MAX_ITERATIONS = 2000
_TOLERANCE = 1e-3
_LOGISTIC_SCALE = 100.0
"""How much weaker a logistic regression is regularised than a support vector machine, for one penalty."""

_MAX_STEPS = 500
_LOGISTIC_TOLERANCE = 1e-4
_TWO = 2


class IntentFit:
    """A model on the utterances `chosen`, their garbled copies and what means nothing.

    Of up to `most_logistic_examples` texts a logistic regression learns, which says best how sure it
    is; of more, one support vector machine an intent against all others (squared hinge; Fan et al.
    2008, liblinear), which takes minutes where the other takes hours.
    """

    def __init__(
        self,
        examples: Examples,
        chosen: npt.NDArray[np.int64],
        settings: TrainerSettings,
        sentences: SentenceVectors | None,
    ) -> None:
        self._intents = examples.intents
        self._settings = settings
        self._sentences = sentences
        self._learnt_of = examples.learnt_of
        copies = (examples.texts, *examples.garbled_for_training)
        texts = [copy[index] for copy in copies for index in chosen] + list(examples.nothing_meant)
        outside = [examples.intents.index(OUT_OF_SCOPE)] if examples.nothing_meant else []
        nothing = len(examples.nothing_meant)
        self._labels = np.concatenate(
            [np.tile(examples.labels[chosen], len(copies)), outside * nothing]
        ).astype(np.int64)
        self._counts = np.concatenate(
            [np.tile(examples.weights[chosen], len(copies)), examples.nothing_weights]
        )
        self._words, self._letters = word_vectoriser(), letter_vectoriser()
        grams = (self._words.fit_transform(texts), self._letters.fit_transform(texts))
        self._features = self._joined(grams, texts)
        self._weights: npt.NDArray[np.float64]
        self._intercepts: npt.NDArray[np.float64]

    def fit(self, penalty: float) -> None:
        """Fit anew with one inverse regularisation strength."""
        model = self._machine(penalty)
        model.fit(self._features, self._labels, sample_weight=self._counts)
        self._weights, self._intercepts = model.coef_, model.intercept_
        if len(self._intents) == _TWO:  # scikit-learn keeps one row, of their difference, then
            self._weights = np.vstack([-model.coef_, model.coef_]) / 2.0
            self._intercepts = np.concatenate([-model.intercept_, model.intercept_]) / 2.0

    def _machine(self, penalty: float) -> Any:
        if self._learnt_of <= self._settings.most_logistic_examples:
            return LogisticRegression(
                C=_LOGISTIC_SCALE * penalty, max_iter=_MAX_STEPS, tol=_LOGISTIC_TOLERANCE
            )
        return LinearSVC(
            C=penalty,
            dual=True,
            tol=_TOLERANCE,
            max_iter=_MAX_ITERATIONS,
            random_state=self._settings.seed,
        )

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """What each intent's machine says of normalised texts, (n_texts, n_intents)."""
        grams = (self._words.transform(texts), self._letters.transform(texts))
        found: npt.NDArray[np.float64] = (
            self._joined(grams, texts) @ self._weights.T + self._intercepts
        )
        return found

    def parameters(self, language: str, choice: Choice) -> ClassifierParameters:
        """What serving needs of it; sentence vectors have the length 1 there."""
        weights = self._weights.copy()
        terms = len(self._words.idf_) + len(self._letters.idf_)
        weights[:, terms:] *= self._settings.embedding_scale
        return ClassifierParameters(
            language=language,
            intents=self._intents,
            word_terms=tuple(self._words.get_feature_names_out()),
            letter_terms=tuple(self._letters.get_feature_names_out()),
            word_idf=self._words.idf_,
            letter_idf=self._letters.idf_,
            weights=weights,
            intercepts=self._intercepts,
            temperature=choice.temperature,
            least_logit=choice.least_logit,
            embedding=self._sentences.file if self._sentences else None,
        )

    def _joined(self, grams: tuple[Any, Any], texts: Sequence[str]) -> Any:
        if self._sentences is None:
            return scipy.sparse.hstack(grams, format="csr")
        vectors = self._sentences.of(texts) * self._settings.embedding_scale
        return scipy.sparse.hstack([*grams, scipy.sparse.csr_matrix(vectors)], format="csr")
