"""Trains the intent model: TF-IDF features, a linear model, calibrated probabilities.

Everything that is reported or tuned comes from out-of-fold predictions: nobody's utterances are on
both sides of a split. Training texts are joined by copies garbled as a recogniser would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from ivr.models.classifier_parameters import ClassifierParameters
from ivr.models.intent_classifier import softmax
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.text import normalise
from training.evaluation import Evaluation, evaluate
from training.folds import Folds, split_by_group
from training.noise import RecogniserNoise, filler_texts, filler_words
from training.predictions import OutOfFold
from training.progress import Progress, silent
from training.vectorisers import letter_vectoriser, word_vectoriser

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.steering.intents import IntentId
    from training.confusions import Confusions
    from training.corpus import Utterance

_MAX_ITERATIONS = 500
_TOLERANCE = 1e-4
_THREADS = 1  # sums in one order, so that the same training gives the same bits
_TEMPERATURE_LOG_BOUNDS = (-2.0, 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerSettings:
    """How training goes. The same settings, corpus and code give the same model.

    `penalties` are inverse regularisation strengths, tried by out-of-fold log loss. Trained on are
    also `garbled_copies` of every text at `word_error_rate` (0..1), and filler words, alone and in
    `filler_salads` mixtures, as out of scope.
    """

    seed: int = 7
    folds: int = 4
    penalties: tuple[float, ...] = (10.0, 30.0, 90.0)
    garbled_copies: int = 2
    word_error_rate: float = 0.15
    filler_salads: int = 60
    overheard: int = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedModel:
    """The model and its out-of-fold figures, on texts as written and as garbled.

    `penalty` and `temperature` were chosen on the same out-of-fold predictions that are reported,
    which flatters log loss and calibration a little.
    """

    parameters: ClassifierParameters
    penalty: float
    folds: int
    by_speaker: bool
    as_written: Evaluation
    garbled: Evaluation
    out_of_fold: OutOfFold


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Examples:
    """Normalised texts, `labels` (n_utterances,) as indices of `intents`, and noise of one seed."""

    intents: tuple[IntentId, ...]
    texts: tuple[str, ...]
    groups: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    garbled_for_training: tuple[tuple[str, ...], ...]
    garbled_for_testing: tuple[str, ...]
    nothing_meant: tuple[str, ...]


def train_intent_model(
    utterances: Sequence[Utterance],
    language: str,
    *,
    settings: TrainerSettings | None = None,
    progress: Progress = silent,
    confusions: Confusions | None = None,
) -> TrainedModel:
    """Choose, calibrate, judge and fit a model; tens of seconds at most for thousands of texts.

    Texts are garbled with `confusions`, where there are some, else by rule. Raises
    `ConfigurationError` when an intent has too few utterances to hold any out.
    """
    settings = settings or TrainerSettings()
    examples = _examples(utterances, language, settings, confusions)
    folds = split_by_group(
        [utterance.intent for utterance in utterances],
        [utterance.group for utterance in utterances],
        settings.folds,
        settings.seed,
    )
    with threadpool_limits(limits=_THREADS):
        return _train(examples, folds, language, settings, progress)


def _train(
    examples: _Examples,
    folds: Folds,
    language: str,
    settings: TrainerSettings,
    progress: Progress,
) -> TrainedModel:
    logits = _out_of_fold_logits(examples, folds.splits, settings, progress)
    twice = np.concatenate([examples.labels, examples.labels])
    chosen = min(range(len(logits)), key=lambda index: _log_loss(logits[index], twice))
    temperature = _fitted_temperature(logits[chosen], twice)
    as_written, garbled = np.split(softmax(logits[chosen] / temperature), 2)
    progress("fitting the intent model", 0.9)
    everything = np.arange(len(examples.texts))
    fitted = _Fit(examples, everything)
    fitted.fit(settings.penalties[chosen])
    return TrainedModel(
        parameters=fitted.parameters(language, temperature),
        penalty=settings.penalties[chosen],
        folds=len(folds.splits),
        by_speaker=folds.by_group,
        as_written=evaluate(as_written, examples.labels, examples.intents),
        garbled=evaluate(garbled, examples.labels, examples.intents),
        out_of_fold=OutOfFold(
            intents=examples.intents,
            labels=examples.labels,
            texts=examples.texts,
            garbled_texts=examples.garbled_for_testing,
            groups=examples.groups,
            as_written=as_written,
            garbled=garbled,
        ),
    )


class _Fit:
    """One model on the utterances `chosen`, their garbled copies and what means nothing."""

    def __init__(self, examples: _Examples, chosen: npt.NDArray[np.int64]) -> None:
        self._intents = examples.intents
        copies = (examples.texts, *examples.garbled_for_training)
        texts = [copy[index] for copy in copies for index in chosen] + list(examples.nothing_meant)
        outside = [examples.intents.index(OUT_OF_SCOPE)] if examples.nothing_meant else []
        self._labels = np.concatenate(
            [np.tile(examples.labels[chosen], len(copies)), outside * len(examples.nothing_meant)]
        ).astype(np.int64)
        self._words, self._letters = word_vectoriser(), letter_vectoriser()
        self._features = scipy.sparse.hstack(
            [self._words.fit_transform(texts), self._letters.fit_transform(texts)], format="csr"
        )
        self._model = LogisticRegression(max_iter=_MAX_ITERATIONS, tol=_TOLERANCE, warm_start=True)
        self._weights: npt.NDArray[np.float64]
        self._intercepts: npt.NDArray[np.float64]

    def fit(self, penalty: float) -> None:
        model = self._model.set_params(C=penalty)
        model.fit(self._features, self._labels)
        self._weights, self._intercepts = model.coef_, model.intercept_
        if len(self._intents) == 2:  # noqa: PLR2004 (scikit-learn keeps one row of two then)
            self._weights = np.vstack([np.zeros_like(model.coef_), model.coef_])
            self._intercepts = np.concatenate([[0.0], model.intercept_])

    def logits(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        features = scipy.sparse.hstack(
            [self._words.transform(texts), self._letters.transform(texts)], format="csr"
        )
        found: npt.NDArray[np.float64] = features @ self._weights.T + self._intercepts
        return found

    def parameters(self, language: str, temperature: float) -> ClassifierParameters:
        return ClassifierParameters(
            language=language,
            intents=self._intents,
            word_terms=tuple(self._words.get_feature_names_out()),
            letter_terms=tuple(self._letters.get_feature_names_out()),
            word_idf=self._words.idf_,
            letter_idf=self._letters.idf_,
            weights=self._weights,
            intercepts=self._intercepts,
            temperature=temperature,
        )


def _examples(
    utterances: Sequence[Utterance],
    language: str,
    settings: TrainerSettings,
    confusions: Confusions | None,
) -> _Examples:
    texts = tuple(normalise(utterance.text, language) for utterance in utterances)
    intents = tuple(sorted({utterance.intent for utterance in utterances}))
    random = np.random.default_rng(settings.seed)
    noise = RecogniserNoise(
        texts, error_rate=settings.word_error_rate, random=random, confusions=confusions
    )
    fillers = filler_words(texts, [utterance.intent for utterance in utterances])
    return _Examples(
        intents=intents,
        texts=texts,
        groups=tuple(utterance.group for utterance in utterances),
        labels=np.array([intents.index(utterance.intent) for utterance in utterances], np.int64),
        garbled_for_training=tuple(
            tuple(noise.garbled(text) for text in texts) for _ in range(settings.garbled_copies)
        ),
        garbled_for_testing=tuple(noise.garbled(text) for text in texts),
        nothing_meant=(
            *filler_texts(fillers, salads=settings.filler_salads, random=random),
            *noise.overheard(settings.overheard),
        )
        if OUT_OF_SCOPE in intents
        else (),
    )


def _out_of_fold_logits(
    examples: _Examples,
    splits: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]],
    settings: TrainerSettings,
    progress: Progress,
) -> npt.NDArray[np.float64]:
    """Logits (n_penalties, 2 · n_utterances, n_intents): as written, then garbled."""
    count = len(examples.texts)
    logits = np.zeros((len(settings.penalties), 2 * count, len(examples.intents)))
    for number, (train, test) in enumerate(splits):
        fold = _Fit(examples, train)
        for index, penalty in enumerate(settings.penalties):
            done = (number + index / len(settings.penalties)) / len(splits)
            progress("comparing intent models", 0.05 + 0.85 * done)
            fold.fit(penalty)
            logits[index, test] = fold.logits([examples.texts[row] for row in test])
            garbled = [examples.garbled_for_testing[row] for row in test]
            logits[index, test + count] = fold.logits(garbled)
    return logits


def _fitted_temperature(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Find the temperature of least log loss (Guo et al. 2017, temperature scaling)."""
    found = minimize_scalar(
        lambda log_temperature: _log_loss(logits / np.exp(log_temperature), labels),
        bounds=_TEMPERATURE_LOG_BOUNDS,
        method="bounded",
    )
    return float(np.exp(found.x))


def _log_loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    of_truth = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, 1e-12, 1.0)).mean())
