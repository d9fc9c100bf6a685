"""Trains the intent model: TF-IDF features, a linear model, calibrated probabilities.

Everything that is reported or tuned comes from out-of-fold predictions: nobody's utterances are on
both sides of a split. Training texts are joined by copies garbled as a recogniser would.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ivr.errors import ConfigurationError
from ivr.models.sentence_embedding import LANGUAGE as EMBEDDED_LANGUAGE
from training.evaluation import Evaluation, evaluate
from training.folds import split_by_group
from training.intent_choice import THREADS, choose
from training.intent_examples import Examples, examples_of
from training.intent_fit import IntentFit
from training.predictions import OutOfFold
from training.progress import Progress, silent
from training.sentence_vectors import SentenceVectors, embed_texts
from training.trainer_settings import TrainerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from ivr.models.classifier_parameters import ClassifierParameters
    from training.confusions import Confusions
    from training.corpus import Utterance

__all__ = ["TrainedModel", "TrainerSettings", "train_intent_model"]


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


def train_intent_model(
    utterances: Sequence[Utterance],
    language: str,
    *,
    settings: TrainerSettings | None = None,
    progress: Progress = silent,
    confusions: Confusions | None = None,
    known: SentenceVectors | None = None,
) -> TrainedModel:
    """Choose, calibrate, judge and fit a model; a minute or two for ten thousand texts.

    Texts are garbled with `confusions`, where there are some, else by rule. `known` sentence vectors
    are not computed again. Raises `ConfigurationError` when an intent has too few utterances to hold
    any out, and `ModelUnusableError` when embeddings are wanted and not installed.
    """
    settings = settings or TrainerSettings()
    if settings.embeddings and language != EMBEDDED_LANGUAGE:
        raise ConfigurationError(
            f"sentence embeddings understand {EMBEDDED_LANGUAGE!r} only, the corpus is {language!r}",
            advice="train without embeddings",
            where="embeddings",
        )
    examples = examples_of(utterances, language, settings, confusions)
    choosing = examples.of_rows(_rows_to_choose_on(examples, settings))
    intents = [str(examples.intents[label]) for label in choosing.labels]
    folds = split_by_group(intents, choosing.groups, settings.folds, settings.seed)
    processes = settings.processes or os.cpu_count() or 1
    sentences = _sentences(examples, settings, processes, progress, known)
    chosen = choose(
        choosing, folds.splits, settings, sentences, processes=processes, progress=progress
    )
    progress("fitting the intent model", 0.8)
    fitted = _fitted(examples, settings, sentences, chosen.penalty)
    return TrainedModel(
        parameters=fitted.parameters(language, chosen),
        penalty=chosen.penalty,
        folds=len(folds.splits),
        by_speaker=folds.by_group,
        as_written=evaluate(chosen.as_written, choosing.labels, choosing.intents),
        garbled=evaluate(chosen.garbled, choosing.labels, choosing.intents),
        out_of_fold=OutOfFold(
            intents=choosing.intents,
            labels=choosing.labels,
            texts=choosing.texts,
            garbled_texts=choosing.garbled_for_testing,
            groups=choosing.groups,
            as_written=chosen.as_written,
            garbled=chosen.garbled,
        ),
    )


def _fitted(
    examples: Examples,
    settings: TrainerSettings,
    sentences: SentenceVectors | None,
    penalty: float,
) -> IntentFit:
    with threadpool_limits(limits=THREADS):
        fitted = IntentFit(examples, np.arange(len(examples.texts)), settings, sentences)
        fitted.fit(penalty)
    return fitted


def _sentences(
    examples: Examples,
    settings: TrainerSettings,
    processes: int,
    progress: Progress,
    known: SentenceVectors | None,
) -> SentenceVectors | None:
    if not settings.embeddings:
        return None
    return embed_texts(examples.distinct_texts(), processes, progress, known=known)


def _rows_to_choose_on(examples: Examples, settings: TrainerSettings) -> npt.NDArray[np.int64]:
    """All rows, or of a large corpus a sample with the same share of every intent."""
    count = len(examples.texts)
    if count <= settings.most_choosing_rows:
        return np.arange(count)
    order = np.random.default_rng(settings.seed).permutation(count)
    of_intent = [order[examples.labels[order] == label] for label in range(len(examples.intents))]
    share = settings.most_choosing_rows / count
    least = settings.folds
    kept = [rows[: max(least, round(len(rows) * share))] for rows in of_intent]
    return np.sort(np.concatenate(kept))
