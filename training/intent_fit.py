"""One fitted intent model: n-gram features, embeddings if wanted, and a linear model of each intent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
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
_TWO = 2


class IntentFit:
    """A model on the utterances `chosen`, their garbled copies and what means nothing.

    One support vector machine an intent, against all others (squared hinge; Fan et al. 2008,
    liblinear): several times faster than logistic regression on long sparse vectors, and no worse.
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
        model = LinearSVC(
            C=penalty,
            dual=True,
            tol=_TOLERANCE,
            max_iter=_MAX_ITERATIONS,
            random_state=self._settings.seed,
        )
        model.fit(self._features, self._labels, sample_weight=self._counts)
        self._weights, self._intercepts = model.coef_, model.intercept_
        if len(self._intents) == _TWO:  # scikit-learn keeps one row of two then
            self._weights = np.vstack([-model.coef_, model.coef_])
            self._intercepts = np.concatenate([-model.intercept_, model.intercept_])

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
