"""How far figures can be trusted: 95 % intervals by bootstrap, and paired tests.

Whole groups (what one speaker said in one session) are drawn again, for sentences of one speaker are
alike (cluster bootstrap, Field and Welsh 2007; percentile interval, Efron and Tibshirani 1993). With
fewer than 30 groups such intervals come out a little too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

DRAWS = 2000
SEED = 5
LEAST_GROUPS = 8
"""With fewer groups each sentence is drawn by itself."""

_PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95 % confidence interval; `low` ≤ `high`."""

    value: float
    low: float
    high: float


class Resampling:
    """The same `DRAWS` bootstrap draws of a test set's groups for every figure."""

    def __init__(self, groups: Sequence[str]) -> None:
        names, rows = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
        self.by_group = len(names) >= LEAST_GROUPS
        self.units = len(names) if self.by_group else len(groups)
        self._unit_of_row = rows if self.by_group else np.arange(len(groups))
        random = np.random.default_rng(SEED)
        shares = np.full(self.units, 1.0 / self.units)
        self._draws = random.multinomial(self.units, shares, size=DRAWS).astype(np.float64)
        self._sizes = self._draws @ np.bincount(self._unit_of_row, minlength=self.units)

    def mean(self, values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> Interval:
        """Interval of a mean over sentences, values (n_sentences,)."""
        sums = np.bincount(self._unit_of_row, weights=values, minlength=self.units)
        return _interval(float(np.mean(values)), self._draws @ sums / self._sizes)

    def macro_f1(
        self, labels: npt.NDArray[np.int64], best: npt.NDArray[np.int64], intents: int
    ) -> Interval:
        """Interval of the mean F1 of the intents that occur in the test set."""
        occurring = np.unique(labels)
        tables = [
            self._by_unit(rows, columns, intents)[:, occurring]
            for rows, columns in (
                (np.flatnonzero(labels == best), labels[labels == best]),
                (np.arange(len(labels)), labels),
                (np.arange(len(labels)), best),
            )
        ]
        value = _mean_f1(*(table.sum(axis=0, keepdims=True) for table in tables))
        return _interval(float(value[0]), _mean_f1(*(self._draws @ table for table in tables)))

    def _by_unit(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], intents: int
    ) -> npt.NDArray[np.float64]:
        counts = np.zeros((self.units, intents))
        np.add.at(counts, (self._unit_of_row[rows], columns), 1.0)
        return counts


def mcnemar_p(only_first: int, only_second: int) -> float:
    """Exact two-sided McNemar test from the counts of sentences that only one model got right."""
    differing = only_first + only_second
    return float(binomtest(only_first, differing).pvalue) if differing else 1.0


def _mean_f1(
    hits: npt.NDArray[np.float64], said: npt.NDArray[np.float64], taken: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Mean F1 of each row; an intent that a draw does not hold is left out of that draw."""
    both = said + taken
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    present = said > 0
    means: npt.NDArray[np.float64] = (f1 * present).sum(axis=1) / np.maximum(present.sum(axis=1), 1)
    return means


def _interval(value: float, draws: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(draws, _PERCENTILES)
    return Interval(value=value, low=float(low), high=float(high))
