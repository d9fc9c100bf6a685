"""Everything that is told of one test set: as a text, noised or spoken, always the same figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import roc_auc_score

from ivr.steering.intents import IntentId
from ivr.steering.masking import mask_digits
from ivr.steering.text import normalise
from training.intervals import Interval, Resampling
from training.thresholds import Handling, cost_curve, handle

if TYPE_CHECKING:
    import numpy.typing as npt

    from training.baselines import Baselines
    from training.costs import CostTables
    from training.predictions import Predictions
    from training.thresholds import ThresholdTable

CALIBRATION_BINS = 10
COVERAGES = tuple(round(0.05 * step, 2) for step in range(1, 21))
MISTAKES_KEPT = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentFigures:
    """One intent: `support` sentences meant it, `taken` were taken for it; shares 0..1."""

    intent: IntentId
    support: int
    taken: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin:
    """Sentences whose best probability lies in one tenth: its mean, and the share that was right."""

    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveragePoint:
    """`accuracy` of the surest `coverage` (0..1) of the sentences; the least sure has `confidence`."""

    coverage: float
    accuracy: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A sentence (numbers that could name a person masked), what it meant and what it was taken for.

    `heard` is what the model was given, '' when that is what was `said`.
    """

    said: str
    heard: str
    meant: IntentId
    taken: IntentId
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFigures:
    """Figures of one test set; shares and probabilities 0..1, `log_loss` in nats.

    `confusions[i][j]` sentences meant `labels[i]` and were taken for `labels[j]`. `units` groups (or
    sentences, unless `by_group`) were resampled for the intervals. `calibration_error` is the expected
    calibration error over ten equal bins (Guo et al. 2017). `out_of_scope_auroc` is None when the set
    has nothing out of scope, or nothing else. `cost_curve` pairs a probability threshold with the cost.
    """

    name: str
    about: str
    count: int
    units: int
    by_group: bool
    accuracy: Interval
    macro_f1: Interval
    log_loss: float
    calibration_error: float
    out_of_scope_auroc: float | None
    majority_accuracy: float | None
    keyword_accuracy: float | None
    intents: tuple[IntentFigures, ...]
    labels: tuple[IntentId, ...]
    confusions: tuple[tuple[int, ...], ...]
    calibration: tuple[CalibrationBin, ...]
    coverage: tuple[CoveragePoint, ...]
    in_force: Handling | None
    chosen: Handling | None
    cost_curve: tuple[tuple[float, float], ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Yardstick:
    """What sets are measured by: costs, thresholds (None where there are none), baselines."""

    language: str
    costs: CostTables
    in_force: ThresholdTable | None
    chosen: ThresholdTable | None
    baselines: Baselines | None

    @property
    def margin(self) -> float:
        """The margin at which costs are drawn over probabilities."""
        table = self.chosen or self.in_force
        return table.default.margin if table else 0.0


def measure(predictions: Predictions, by: Yardstick, *, name: str, about: str) -> SetFigures:
    """All figures of one set of at least one sentence; labels must be known to the model."""
    labels, best, right = predictions.labels, predictions.best, predictions.right
    resampling = Resampling(predictions.groups)
    matrix = np.zeros((len(predictions.intents),) * 2, np.int64)
    np.add.at(matrix, (labels, best), 1)
    calibration = _calibration(predictions.confidence, right)
    of_truth = predictions.probabilities[np.arange(len(labels)), labels]
    majority, keyword = _baseline_accuracies(predictions, by)
    return SetFigures(
        name=name,
        about=about,
        count=len(labels),
        units=resampling.units,
        by_group=resampling.by_group,
        accuracy=resampling.mean(right),
        macro_f1=resampling.macro_f1(labels, best, len(predictions.intents)),
        log_loss=float(-np.log(np.clip(of_truth, 1e-12, 1.0)).mean()),
        calibration_error=sum(
            one.count / len(labels) * abs(one.accuracy - one.confidence) for one in calibration
        ),
        out_of_scope_auroc=_out_of_scope_auroc(predictions),
        majority_accuracy=majority,
        keyword_accuracy=keyword,
        intents=_by_intent(matrix, predictions.intents),
        labels=predictions.intents,
        confusions=tuple(tuple(int(count) for count in row) for row in matrix),
        calibration=calibration,
        coverage=_coverage(predictions.confidence, right),
        in_force=_handled(predictions, by.in_force, by),
        chosen=_handled(predictions, by.chosen, by),
        cost_curve=cost_curve(predictions, by.margin, by.costs),
        mistakes=_mistakes(predictions, by.language),
    )


def _handled(
    predictions: Predictions, table: ThresholdTable | None, by: Yardstick
) -> Handling | None:
    return None if table is None else handle(predictions, table, by.costs)


def _by_intent(
    matrix: npt.NDArray[np.int64], intents: tuple[IntentId, ...]
) -> tuple[IntentFigures, ...]:
    """Of intents that were meant or taken at all."""
    support, taken, hits = matrix.sum(axis=1), matrix.sum(axis=0), matrix.diagonal()
    return tuple(
        IntentFigures(
            intent=intent,
            support=int(support[row]),
            taken=int(taken[row]),
            precision=float(hits[row] / max(taken[row], 1)),
            recall=float(hits[row] / max(support[row], 1)),
            f1=float(2 * hits[row] / (support[row] + taken[row])),
        )
        for row, intent in enumerate(intents)
        if support[row] or taken[row]
    )


def _calibration(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> tuple[CalibrationBin, ...]:
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return tuple(
        CalibrationBin(
            count=int((bins == number).sum()),
            confidence=float(confidence[bins == number].mean()),
            accuracy=float(right[bins == number].mean()),
        )
        for number in np.unique(bins)
    )


def _coverage(
    confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]
) -> tuple[CoveragePoint, ...]:
    order = np.argsort(-confidence, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    last = [max(1, round(coverage * len(order))) - 1 for coverage in COVERAGES]
    return tuple(
        CoveragePoint(
            coverage=coverage,
            accuracy=float(running[row]),
            confidence=float(confidence[order[row]]),
        )
        for coverage, row in zip(COVERAGES, last, strict=True)
    )


def _out_of_scope_auroc(predictions: Predictions) -> float | None:
    column = predictions.out_of_scope_column
    outside = predictions.labels == column
    if not outside.any() or outside.all():
        return None
    return float(roc_auc_score(outside, predictions.probabilities[:, column]))


def _baseline_accuracies(
    predictions: Predictions, by: Yardstick
) -> tuple[float | None, float | None]:
    baselines = by.baselines
    if baselines is None:
        return None, None
    meant = [predictions.intents[label] for label in predictions.labels]
    by_keyword = [baselines.by_keyword(normalise(text, by.language)) for text in predictions.texts]
    return (
        float(np.mean([intent == baselines.majority for intent in meant])),
        float(np.mean([a == b for a, b in zip(meant, by_keyword, strict=True)])),
    )


def _mistakes(predictions: Predictions, language: str) -> tuple[Mistake, ...]:
    """The surest mistakes first."""
    said = predictions.said or predictions.texts
    confidence = np.where(predictions.right, -1.0, predictions.confidence)
    rows = np.argsort(-confidence, kind="stable")[:MISTAKES_KEPT]
    return tuple(
        Mistake(
            said=mask_digits(said[row], language),
            heard=mask_digits(predictions.texts[row], language) if predictions.said else "",
            meant=predictions.intents[predictions.labels[row]],
            taken=predictions.intents[predictions.best[row]],
            probability=float(predictions.confidence[row]),
        )
        for row in rows
        if confidence[row] >= 0
    )
