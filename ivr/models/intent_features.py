"""What the intent model looks at: words, word pairs, and runs of letters inside words; as TF-IDF.

Training finds vocabulary and weights with scikit-learn (`training.vectorisers`); here the same
numbers are computed without it, since it takes seconds to import and over 100 MB.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

SHORTEST_LETTERS = 2
LONGEST_LETTERS = 5


def word_terms(text: str) -> Iterator[str]:
    """Every word of normalised text, then every pair of neighbours with one space between."""
    words = text.split()
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"


def letter_terms(text: str) -> Iterator[str]:
    """Runs of two to five letters inside each word, a space before and behind it being letters too.

    A word shorter than a run comes once, whole.
    """
    for word in text.split():
        padded = f" {word} "
        for length in range(SHORTEST_LETTERS, LONGEST_LETTERS + 1):
            starts = max(len(padded) - length, 0) + 1
            yield from (padded[start : start + length] for start in range(starts))
            if starts == 1:
                break


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SparseVector:
    """Values other than zero, shape (n,), and their columns, shape (n,)."""

    columns: npt.NDArray[np.intp]
    values: npt.NDArray[np.float64]


class TfIdf:
    """Texts as vectors: (1 + ln of how often) · idf for each known term, of length 1.

    `terms` are in column order, `idf` (n_terms,). The numbers are those of scikit-learn's
    `TfidfVectorizer(sublinear_tf=True, norm="l2")`.
    """

    def __init__(
        self,
        terms_of: Callable[[str], Iterable[str]],
        *,
        terms: Sequence[str],
        idf: npt.NDArray[np.float64],
    ) -> None:
        self._terms_of = terms_of
        self._columns = {term: column for column, term in enumerate(terms)}
        self._idf = idf

    def vector(self, text: str) -> SparseVector:
        """The vector of normalised text; empty when no term of it is known."""
        counts = Counter(
            column
            for term in self._terms_of(text)
            if (column := self._columns.get(term)) is not None
        )
        columns = np.fromiter(counts, np.intp, len(counts))
        often = np.fromiter((1.0 + math.log(n) for n in counts.values()), np.float64, len(counts))
        values = often * self._idf[columns]
        length = float(np.sqrt(values @ values))
        return SparseVector(columns=columns, values=values / length if length else values)
