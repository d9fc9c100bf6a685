"""How good a model is, from probabilities of utterances it was not trained on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score

from ivr.steering.intents import OUT_OF_SCOPE, IntentId

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

THRESHOLDS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)
MARGINS = (0.0, 0.1, 0.2, 0.3)
_CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """How often one intent was taken for another."""

    said: IntentId
    understood: IntentId
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptancePoint:
    """What accepting a best in-scope intent at a probability and a margin does (shares 0..1).

    `accepted_share` of in-scope utterances are accepted; of everything accepted (out of scope
    included) `wrong_share` is wrong; `out_of_scope_accepted_share` of out of scope slips through,
    None when there is none.
    """

    probability: float
    margin: float
    accepted_share: float
    wrong_share: float
    out_of_scope_accepted_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """Figures over `count` utterances; log loss in nats, calibration error over ten equal bins.

    `calibration_error` is the expected calibration error of the best candidate (Guo et al. 2017).
    `out_of_scope_auroc` tells how well the probability of out of scope separates it from the rest;
    None when the corpus has none or nothing else.
    """

    count: int
    accuracy: float
    macro_f1: float
    log_loss: float
    calibration_error: float
    out_of_scope_auroc: float | None
    confusions: tuple[Confusion, ...]
    acceptance: tuple[AcceptancePoint, ...]


def evaluate(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    intents: Sequence[IntentId],
) -> Evaluation:
    """Judge `probabilities` (n_utterances, n_intents) by the right columns, `labels`."""
    best = probabilities.argmax(axis=1)
    of_truth = probabilities[np.arange(len(labels)), labels]
    return Evaluation(
        count=len(labels),
        accuracy=float((best == labels).mean()),
        macro_f1=float(f1_score(labels, best, average="macro", zero_division=0)),
        log_loss=float(-np.log(np.clip(of_truth, 1e-12, 1.0)).mean()),
        calibration_error=_calibration_error(probabilities.max(axis=1), best == labels),
        out_of_scope_auroc=_out_of_scope_auroc(probabilities, labels, intents),
        confusions=_confusions(labels, best, intents),
        acceptance=tuple(
            _acceptance(probabilities, labels, intents, probability=probability, margin=margin)
            for margin in MARGINS
            for probability in THRESHOLDS
        ),
    )


def _calibration_error(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> float:
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    error = 0.0
    for number in np.unique(bins):
        inside = bins == number
        error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(error)


def _out_of_scope_auroc(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    intents: Sequence[IntentId],
) -> float | None:
    outside = labels == _out_of_scope_column(intents)
    if not outside.any() or outside.all():
        return None
    return float(roc_auc_score(outside, probabilities[:, _out_of_scope_column(intents)]))


def _out_of_scope_column(intents: Sequence[IntentId]) -> int:
    return intents.index(OUT_OF_SCOPE) if OUT_OF_SCOPE in intents else -1


def _confusions(
    labels: npt.NDArray[np.int64], best: npt.NDArray[np.int64], intents: Sequence[IntentId]
) -> tuple[Confusion, ...]:
    pairs = Counter(
        (int(said), int(understood))
        for said, understood in zip(labels, best, strict=True)
        if said != understood
    )
    ordered = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Confusion(said=intents[said], understood=intents[understood], count=count)
        for (said, understood), count in ordered
    )


def _acceptance(
    probabilities: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    intents: Sequence[IntentId],
    *,
    probability: float,
    margin: float,
) -> AcceptancePoint:
    column = _out_of_scope_column(intents)
    ranked = np.sort(probabilities, axis=1)
    best, outside = probabilities.argmax(axis=1), labels == column
    sure = (ranked[:, -1] >= probability) & (ranked[:, -1] - ranked[:, -2] >= margin)
    accepted = sure & (best != column)
    return AcceptancePoint(
        probability=probability,
        margin=margin,
        accepted_share=_share(accepted[~outside]) or 0.0,
        wrong_share=_share((best != labels)[accepted]) or 0.0,
        out_of_scope_accepted_share=_share(accepted[outside]),
    )


def _share(flags: npt.NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if len(flags) else None
