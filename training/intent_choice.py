"""The penalty and temperature of an intent model, from predictions of what it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import minimize_scalar
from threadpoolctl import threadpool_limits

from ivr.models.intent_classifier import in_scope_columns, probabilities_of, softmax
from training.intent_fit import IntentFit

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.steering.intents import IntentId
    from training.folds import Split
    from training.intent_examples import Examples
    from training.progress import Progress
    from training.sentence_vectors import SentenceVectors
    from training.trainer_settings import TrainerSettings

THREADS = 1
"""Sums in one order, so that the same training gives the same bits."""

_TEMPERATURE_LOG_BOUNDS = (-4.0, 2.0)
_SEVERAL_PROCESSES_FROM = 2_000
"""Utterances; with fewer, processes take longer to start than they save."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What was chosen, and out-of-fold probabilities (n_utterances, n_intents) with it.

    `least_logit` is the score below which no intent claims a text.
    """

    penalty: float
    temperature: float
    least_logit: float
    as_written: npt.NDArray[np.float64]
    garbled: npt.NDArray[np.float64]


def choose(
    examples: Examples,
    splits: Sequence[Split],
    settings: TrainerSettings,
    sentences: SentenceVectors | None,
    *,
    processes: int,
    progress: Progress,
) -> Choice:
    """Try every penalty out of fold; the best log loss over written and garbled texts wins."""
    count = len(examples.texts)
    logits = np.zeros((len(settings.penalties), 2 * count, len(examples.intents)))
    jobs = processes if count >= _SEVERAL_PROCESSES_FROM else 1
    tasks = (
        delayed(_fold_logits)(examples, train, test, settings, sentences) for train, test in splits
    )
    progress("comparing intent models", 0.05)
    with Parallel(n_jobs=min(jobs, len(splits)), return_as="generator") as pool:
        for number, ((_, test), found) in enumerate(zip(splits, pool(tasks), strict=True), start=1):
            logits[:, test], logits[:, test + count] = np.split(found, 2, axis=1)
            progress("comparing intent models", 0.05 + 0.75 * number / len(splits))
    twice = np.concatenate([examples.labels, examples.labels])
    temperatures = [fitted_temperature(of_penalty, twice) for of_penalty in logits]
    losses = [
        log_loss(of_penalty / temperature, twice)
        for of_penalty, temperature in zip(logits, temperatures, strict=True)
    ]
    best = int(np.argmin(losses))
    least = _least_logit(logits[best], twice, examples.intents, settings.rejected_share)
    as_written, garbled = np.split(
        probabilities_of(logits[best], examples.intents, temperatures[best], least), 2
    )
    return Choice(
        penalty=settings.penalties[best],
        temperature=temperatures[best],
        least_logit=least,
        as_written=as_written,
        garbled=garbled,
    )


def _fold_logits(
    examples: Examples,
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
    settings: TrainerSettings,
    sentences: SentenceVectors | None,
) -> npt.NDArray[np.float64]:
    """Logits (n_penalties, 2 · n_test, n_intents): as written, then garbled."""
    texts = [examples.texts[row] for row in test]
    texts += [examples.garbled_for_testing[row] for row in test]
    found = []
    with threadpool_limits(limits=THREADS):
        fold = IntentFit(examples, train, settings, sentences)
        for penalty in settings.penalties:
            fold.fit(penalty)
            found.append(fold.logits(texts))
    return np.stack(found)


def _least_logit(
    logits: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    intents: Sequence[IntentId],
    rejected_share: float,
) -> float:
    """The score of the best intent that all but `rejected_share` of utterances in scope reach."""
    columns = in_scope_columns(intents)
    best = logits[:, columns].max(axis=1)[np.isin(labels, columns)]
    return float(np.quantile(best, rejected_share))


def fitted_temperature(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Find the temperature of least log loss (Guo et al. 2017, temperature scaling)."""
    found = minimize_scalar(
        lambda log_temperature: log_loss(logits / np.exp(log_temperature), labels),
        bounds=_TEMPERATURE_LOG_BOUNDS,
        method="bounded",
    )
    return float(np.exp(found.x))


def log_loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Mean negative log probability of the right intents, in nats."""
    of_truth = softmax(logits)[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(of_truth, 1e-12, 1.0)).mean())
