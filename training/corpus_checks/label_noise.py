"""Labels that a model trained without them would not have given.

Each row is judged by a model that has seen nothing of its group. Which disagreements count follows
"confident learning" (Northcutt, Jiang and Chuang 2021, doi:10.1613/jair.1.12125): the model must be at
least as sure of the other intent as it usually is of sentences that do have that label.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import scipy.sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GroupKFold, KFold

from ivr.steering.intents import IntentId
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_FOLDS: Final = 5
_FOLDS_OF_MANY: Final = 3
_MANY_TEXTS: Final = 20_000
LEAST_OF_INTENT: Final = 4
_LEAST_INTENTS: Final = 2
_PENALTY: Final = 1e-5
_EPOCHS: Final = range(2, 7)
_TEXTS_SEEN: Final = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspiciousLabel:
    """A row (its number) and what the model thought of it; probabilities 0..1, roughly calibrated."""

    row: int
    given: IntentId
    given_probability: float
    thought: IntentId
    thought_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNoise:
    """What out-of-fold predictions say of the labels.

    `agreement` (0..1) is the share of `judged` rows where the model would have given the same label: a
    rough accuracy. `suspicious` has the doubtful rows, the most doubtful first. `by_group`: whether
    rows of one group were never judged by a model that saw others of it.
    """

    judged: int
    agreement: float
    by_group: bool
    suspicious: tuple[SuspiciousLabel, ...]


def find_label_noise(
    texts: Sequence[str],
    intents: Sequence[IntentId],
    groups: Sequence[str],
    *,
    seed: int = 7,
    progress: Progress = silent,
) -> LabelNoise | None:
    """Judge normalised texts; None with fewer than two intents that have four rows each.

    Time grows with the rows times the intents: some seconds for 2,000 rows and 30 intents.
    """
    counts = Counter(intents)
    rows = np.array([row for row, one in enumerate(intents) if counts[one] >= LEAST_OF_INTENT])
    names = sorted({intents[row] for row in rows})
    if len(names) < _LEAST_INTENTS:
        return None
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[intents[row]] for row in rows])
    splits, by_group = _splits(labels, [groups[row] for row in rows], seed)
    features = _features([texts[row] for row in rows])
    probabilities = np.full((len(rows), len(names)), np.nan, np.float32)
    for number, (train, test) in enumerate(splits):
        progress("judging labels", 0.1 + 0.9 * number / len(splits))
        seen, found = _judged(features[train], labels[train], features[test], seed)
        probabilities[test] = 0.0
        probabilities[np.ix_(test, seen)] = found
        # A label that the model has never seen is no disagreement.
        probabilities[test[~np.isin(labels[test], seen)]] = np.nan
    judged = ~np.isnan(probabilities[:, 0])
    if not judged.any():
        return None
    return _weighed(probabilities[judged], labels[judged], rows[judged], names, by_group=by_group)


def _splits(
    labels: npt.NDArray[np.int64], groups: Sequence[str], seed: int
) -> tuple[list[tuple[Any, Any]], bool]:
    folds = _FOLDS if len(labels) <= _MANY_TEXTS else _FOLDS_OF_MANY
    known = len(set(groups))
    if known >= _LEAST_INTENTS:
        by_group = GroupKFold(min(folds, known), shuffle=True, random_state=seed)
        return list(by_group.split(labels, labels, groups)), True
    single = KFold(min(folds, len(labels)), shuffle=True, random_state=seed)
    return list(single.split(labels)), False


def _features(texts: Sequence[str]) -> Any:
    """TF-IDF of words, word pairs and runs of three or four letters; no label is used for them."""
    words = TfidfVectorizer(
        tokenizer=str.split,
        token_pattern=None,
        ngram_range=(1, 2),
        min_df=2 if len(texts) > _MANY_TEXTS // 20 else 1,
        sublinear_tf=True,
        lowercase=False,
    )
    letters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(3, 4), min_df=2, sublinear_tf=True, lowercase=False
    )
    found = [vectoriser.fit_transform(texts) for vectoriser in (words, letters)]
    return scipy.sparse.hstack(found, format="csr")


def _judged(
    features: Any, labels: npt.NDArray[np.int64], others: Any, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Labels that were learnt, and their probabilities (n_others, n_labels)."""
    if len(np.unique(labels)) < _LEAST_INTENTS:
        return np.unique(labels), np.ones((others.shape[0], 1))
    epochs = min(max(_TEXTS_SEEN // len(labels), _EPOCHS.start), _EPOCHS.stop - 1)
    model = SGDClassifier(
        loss="log_loss", alpha=_PENALTY, max_iter=epochs, tol=None, random_state=seed
    )
    model.fit(features, labels)
    return model.classes_, model.predict_proba(others)


def _weighed(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    names: Sequence[IntentId],
    *,
    by_group: bool,
) -> LabelNoise:
    of_label = probabilities[np.arange(len(labels)), labels]
    usual = np.array(
        [
            of_label[labels == name].mean() if (labels == name).any() else 1.0
            for name in range(len(names))
        ]
    )
    sure = np.where(probabilities >= usual, probabilities, -1.0)
    thought = sure.argmax(axis=1)
    of_thought = probabilities[np.arange(len(labels)), thought]
    doubtful = np.flatnonzero(
        (sure.max(axis=1) >= 0) & (thought != labels) & (of_thought > of_label)
    )
    doubtful = doubtful[np.argsort(of_label[doubtful] - of_thought[doubtful], kind="stable")]
    return LabelNoise(
        judged=len(labels),
        agreement=float((probabilities.argmax(axis=1) == labels).mean()),
        by_group=by_group,
        suspicious=tuple(
            SuspiciousLabel(
                row=int(rows[one]),
                given=names[labels[one]],
                given_probability=float(of_label[one]),
                thought=names[thought[one]],
                thought_probability=float(of_thought[one]),
            )
            for one in doubtful
        ),
    )
