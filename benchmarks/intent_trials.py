"""What the intent benchmark measures of one kind of model."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.banking77 import LANGUAGE
from benchmarks.intent_material import Material, few_shots, scope_draws, utterances
from ivr.models.classifier_parameters import ClassifierParameters, load_parameters, save_parameters
from ivr.models.intent_classifier import LinearIntentClassifier
from ivr.models.sentence_embedding import SentenceEmbedder
from ivr.steering.intents import OUT_OF_SCOPE
from ivr.steering.text import normalise
from training.intent_trainer import TrainerSettings, train_intent_model
from training.progress import Progress
from training.sentence_vectors import SentenceVectors

SHOTS = 10
REJECTED_SHARE = 0.05
TIMED = 500
_RESAMPLES = 1_000
_SEED = 1

Classify = Callable[[str], tuple[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share (0..1) and its 95 % interval, by bootstrap over the test sentences."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Of one draw of held-out intents: what is caught at 5 % of in-scope rejected (shares 0..1).

    Rejected is whose best in-scope probability is lowest; `near` matters no queue exists for, `far`
    smart-home sentences.
    """

    examples: str
    draw: int
    near: float
    far: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFigures:
    """All figures of one kind of model; times of this machine as busy as it was.

    `p50_ms` and `p95_ms` passed on the clock, `p95_core_ms` is what a core worked.
    """

    kind: str
    accuracy: Share
    macro_f1: Share
    garbled_accuracy: Share
    few_shot_accuracies: tuple[float, ...]
    rejections: tuple[Rejection, ...]
    p50_ms: float
    p95_ms: float
    p95_core_ms: float
    load_seconds: float
    model_bytes: int
    training_seconds: float
    training_core_seconds: float
    penalty: float


class RememberingEmbedder:
    """Gives vectors that are known already, and asks the model for the rest."""

    def __init__(self, known: SentenceVectors) -> None:
        self._known = known
        self._model = SentenceEmbedder.load(known.file)

    def vector(self, text: str) -> npt.NDArray[np.float64]:
        """The vector of normalised text."""
        if text in self._known:
            known: npt.NDArray[np.float64] = self._known.of([text])[0]
            return known
        return self._model.vector(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How many draws; settings of all trainings."""

    draws: int
    settings: TrainerSettings


def measure_kind(
    kind: str,
    material: Material,
    amount: Amount,
    known: SentenceVectors | None,
    progress: Progress,
) -> KindFigures:
    """Train and ask everything; `progress` gets the step and how far that is."""
    settings = amount.settings
    began, core_began = time.perf_counter(), _core_seconds()
    # Nothing known: the time a user waits includes the embedding of all sentences.
    trained = train_intent_model(
        utterances(material.train), LANGUAGE, settings=settings, progress=progress
    )
    training_seconds = time.perf_counter() - began
    core_seconds = _core_seconds() - core_began
    load_seconds, model_bytes, classifier = saved_and_loaded(trained.parameters)
    clock_ms, core_ms = times_ms(classifier, [one.text for one in material.test[:TIMED]])
    fast = _classifier(trained.parameters, known)
    right = [(fast(one.text)[0], one.intent) for one in material.test]
    garbled = [(fast(one.text)[0], one.intent) for one in material.garbled_test]
    return KindFigures(
        kind=kind,
        accuracy=_bootstrap(right, _accuracy),
        macro_f1=_bootstrap(right, _macro_f1),
        garbled_accuracy=_bootstrap(garbled, _accuracy),
        few_shot_accuracies=tuple(
            _few_shot(material, amount, draw, known, progress) for draw in range(amount.draws)
        ),
        rejections=tuple(
            one
            for draw in range(amount.draws)
            for one in _rejections(material, amount, draw, known, progress)
        ),
        p50_ms=float(np.percentile(clock_ms, 50)),
        p95_ms=float(np.percentile(clock_ms, 95)),
        p95_core_ms=float(np.percentile(core_ms, 95)),
        load_seconds=load_seconds,
        model_bytes=model_bytes,
        training_seconds=training_seconds,
        training_core_seconds=core_seconds,
        penalty=trained.penalty,
    )


def saved_and_loaded(
    parameters: ClassifierParameters,
) -> tuple[float, int, LinearIntentClassifier]:
    """How many seconds a model takes to load from a folder, its bytes there, and itself."""
    with tempfile.TemporaryDirectory(prefix="sternik-intent-") as name:
        folder = Path(name)
        save_parameters(parameters, folder)
        began = time.perf_counter()
        classifier = LinearIntentClassifier(load_parameters(folder), version="benchmark")
        classifier.classify("hello")
        seconds = time.perf_counter() - began
        return seconds, sum(path.stat().st_size for path in folder.iterdir()), classifier


def _core_seconds() -> float:
    """Of this process and of those it has waited for."""
    times = os.times()
    return float(times.user + times.system + times.children_user + times.children_system)


def times_ms(
    classifier: LinearIntentClassifier, texts: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What each classification took, on the clock and of this core, both (n_texts,)."""
    classifier.classify(texts[0])
    times = []
    for text in texts:
        began, core_began = time.perf_counter(), time.thread_time()
        classifier.classify(text)
        times.append((time.perf_counter() - began, time.thread_time() - core_began))
    clock, core = 1000 * np.array(times).T
    return clock, core


def _classifier(parameters: ClassifierParameters, known: SentenceVectors | None) -> Classify:
    """The best intent of a text, and the probability of the best in scope."""
    embedder = RememberingEmbedder(known) if known and parameters.embedding else None
    served = LinearIntentClassifier(parameters, version="benchmark", embedder=embedder)

    def classify(text: str) -> tuple[str, float]:
        said = served.classify(text)
        inside = (one.probability for one in said.candidates if one.intent != OUT_OF_SCOPE)
        return said.best.intent, max(inside)

    return classify


def _few_shot(
    material: Material,
    amount: Amount,
    draw: int,
    known: SentenceVectors | None,
    progress: Progress,
) -> float:
    progress(f"{SHOTS}-shot, draw {draw + 1}", 0.0)
    rows = utterances(few_shots(material.train, SHOTS, draw))
    trained = train_intent_model(rows, LANGUAGE, settings=amount.settings, known=known)
    classify = _classifier(trained.parameters, known)
    return _accuracy([(classify(one.text)[0], one.intent) for one in material.test])


def _rejections(
    material: Material,
    amount: Amount,
    draw: int,
    known: SentenceVectors | None,
    progress: Progress,
) -> list[Rejection]:
    found = []
    for scope in scope_draws(material, draw):
        progress(f"out of scope, draw {draw + 1}: {scope.examples}", 0.0)
        trained = train_intent_model(scope.train, LANGUAGE, settings=amount.settings, known=known)
        classify = _classifier(trained.parameters, known)
        least = float(np.quantile([classify(text)[1] for text in scope.inside], REJECTED_SHARE))
        near, far = (
            statistics.fmean(classify(text)[1] < least for text in texts) if texts else 0.0
            for texts in (scope.near, material.far)
        )
        found.append(Rejection(examples=scope.examples, draw=draw, near=near, far=far))
    return found


def _accuracy(pairs: Sequence[tuple[str, str]]) -> float:
    return statistics.fmean(said == meant for said, meant in pairs)


def _macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """The mean over the intents that were meant."""
    said = np.array([one for one, _ in pairs])
    meant = np.array([one for _, one in pairs])
    names, numbers = np.unique(np.concatenate([said, meant]), return_inverse=True)
    said, meant = numbers[: len(pairs)], numbers[len(pairs) :]
    both = np.bincount(meant[said == meant], minlength=len(names))
    either = np.bincount(said, minlength=len(names)) + np.bincount(meant, minlength=len(names))
    present = np.bincount(meant, minlength=len(names)) > 0
    return float((2 * both / np.maximum(either, 1))[present].mean())


def _bootstrap(
    pairs: Sequence[tuple[str, str]], figure: Callable[[Sequence[tuple[str, str]]], float]
) -> Share:
    random = np.random.default_rng(_SEED)
    values = []
    for _ in range(_RESAMPLES):
        rows = random.integers(len(pairs), size=len(pairs))
        values.append(figure([pairs[row] for row in rows]))
    low, high = np.percentile(values, [2.5, 97.5])
    return Share(value=figure(pairs), low=float(low), high=float(high))


def known_sentences(material: Material) -> list[str]:
    """All sentences but garbled training copies, normalised, once each."""
    sentences = (*material.train, *material.test, *material.garbled_test)
    texts = [one.text for one in sentences]
    texts += [*material.far, *material.own_out_of_scope]
    return list(dict.fromkeys(normalise(text, LANGUAGE) for text in texts))
