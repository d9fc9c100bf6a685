"""Splits of a corpus that keep what one speaker wrote together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from ivr.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Split = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

_LEAST_UTTERANCES = 4
_LEAST_INTENTS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """Row numbers to train on and to test on; `by_group` when no group is on both sides."""

    splits: tuple[Split, ...]
    by_group: bool


def split_by_group(labels: Sequence[str], groups: Sequence[str], folds: int, seed: int) -> Folds:
    """Split rows into `folds` parts with every label in every training part.

    Groups stay together where that is possible, else rows are split one by one. Raises
    `ConfigurationError` with fewer than two labels or fewer than four rows of one.
    """
    counts = Counter(labels)
    few = sorted(label for label, count in counts.items() if count < _LEAST_UTTERANCES)
    if len(counts) < _LEAST_INTENTS or few:
        raise ConfigurationError(
            f"too little to learn from: {len(counts)} intents"
            + (f", fewer than {_LEAST_UTTERANCES} utterances for {', '.join(few)}" if few else ""),
            advice="write at least 40 varied sentences for each of two or more intents",
            where="steering corpus",
        )
    parts = min(folds, *counts.values())
    rows = np.zeros(len(labels))
    if len(set(groups)) >= parts:
        grouped = StratifiedGroupKFold(parts, shuffle=True, random_state=seed)
        splits = tuple(grouped.split(rows, labels, groups))
        if _all_labels_everywhere(splits, np.asarray(labels)):
            return Folds(splits=splits, by_group=True)
    single = StratifiedKFold(parts, shuffle=True, random_state=seed)
    return Folds(splits=tuple(single.split(rows, labels)), by_group=False)


def _all_labels_everywhere(splits: Sequence[Split], labels: npt.NDArray[np.str_]) -> bool:
    count = len(np.unique(labels))
    return all(len(test) and len(np.unique(labels[train])) == count for train, test in splits)
