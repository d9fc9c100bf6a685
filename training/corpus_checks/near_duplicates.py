"""Sentences that are nearly the same, found in time that grows with their number, not its square.

MinHash of character trigrams with banding (Broder 1997; Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", chapter 3) names candidates; each is then measured exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    Integers = npt.NDArray[np.int64]

NEAR: Final = 0.75
"""Jaccard similarity of trigrams: "i lost my card today" and "i lost my cards today" have 0.78."""

_SHINGLE_LETTERS: Final = 3
_BANDS: Final = 24
_ROWS: Final = 5
_PRIME: Final = (1 << 31) - 1
_BUCKET_NEIGHBOURS: Final = 8
_BLOCK_PAIRS: Final = 200_000
_MOST_PAIRS: Final = 500_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearPairs:
    """Numbers of texts in pairs, `first` < `second`, and how similar they are (threshold..1).

    All arrays have the shape (n_pairs,), the most similar pair first.
    """

    first: Integers
    second: Integers
    similarity: npt.NDArray[np.float64]


def find_near_pairs(
    texts: Sequence[str], *, threshold: float = NEAR, seed: int = 7, progress: Progress = silent
) -> NearPairs:
    """Pairs of texts (each different from all others) at least as similar as `threshold` (0.6..1).

    A pair at 0.75 is missed once in 700, one at 0.85 never. Of more than 8 texts that fall into one bucket
    each is compared with the 8 behind it only: of a large family of like sentences not every pair is
    named, but every member is. At most half a million pairs are given. 100,000 texts take less than a
    minute and 0.6 GB.
    """
    if len(texts) < 2:  # noqa: PLR2004 (nothing to compare)
        return _no_pairs()
    shingles = _shingles(texts)
    candidates = _candidates(_signatures(shingles, seed, progress))
    if not len(candidates):
        return _no_pairs()
    similarity = _similarities(shingles, candidates, progress)
    near = similarity >= threshold
    pairs, similarity = candidates[near], similarity[near]
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -similarity))[:_MOST_PAIRS]
    return NearPairs(first=pairs[order, 0], second=pairs[order, 1], similarity=similarity[order])


def _no_pairs() -> NearPairs:
    nothing = np.zeros(0, np.int64)
    return NearPairs(first=nothing, second=nothing, similarity=np.zeros(0))


def _shingles(texts: Sequence[str]) -> Any:
    """A sparse matrix (n_texts, n_trigrams) of ones; blanks around a text belong to it."""
    vectoriser = CountVectorizer(
        analyzer="char",
        ngram_range=(_SHINGLE_LETTERS, _SHINGLE_LETTERS),
        binary=True,
        lowercase=False,
        dtype=np.int32,
    )
    return vectoriser.fit_transform(f" {text} " for text in texts)


def _signatures(shingles: Any, seed: int, progress: Progress) -> npt.NDArray[np.int32]:
    """The smallest hash of each text's trigrams under each of many hash functions: (n_hashes, n_texts)."""
    random = np.random.default_rng(seed)
    count = _BANDS * _ROWS
    factors = random.integers(1, _PRIME, size=count, dtype=np.int64)
    offsets = random.integers(0, _PRIME, size=count, dtype=np.int64)
    columns = np.arange(shingles.shape[1], dtype=np.int64) + 1
    signatures = np.empty((count, shingles.shape[0]), np.int32)
    for number in range(count):
        progress("looking for near duplicates", number / count * 0.7)
        hashes = ((factors[number] * columns + offsets[number]) % _PRIME).astype(np.int32)
        signatures[number] = np.minimum.reduceat(hashes[shingles.indices], shingles.indptr[:-1])
    return signatures


def _candidates(signatures: npt.NDArray[np.int32]) -> Integers:
    """Pairs (n_pairs, 2) that agree in all rows of at least one band."""
    texts = signatures.shape[1]
    found: list[Integers] = []
    for band in range(_BANDS):
        rows = np.ascontiguousarray(signatures[band * _ROWS : (band + 1) * _ROWS].T)
        keys = rows.view(np.dtype((np.void, rows.dtype.itemsize * _ROWS))).ravel()
        _, buckets = np.unique(keys, return_inverse=True)
        order = np.argsort(buckets, kind="stable")
        inside = buckets[order]
        for distance in range(1, _BUCKET_NEIGHBOURS + 1):
            same = np.flatnonzero(inside[distance:] == inside[:-distance])
            if not len(same):
                break
            left, right = order[same], order[same + distance]
            found.append(np.minimum(left, right) * texts + np.maximum(left, right))
    if not found:
        return np.zeros((0, 2), np.int64)
    keys = np.unique(np.concatenate(found))
    return np.stack([keys // texts, keys % texts], axis=1)


def _similarities(shingles: Any, pairs: Integers, progress: Progress) -> npt.NDArray[np.float64]:
    """Jaccard similarity of each pair, exactly."""
    sizes = np.diff(shingles.indptr)
    similarity = np.empty(len(pairs))
    for start in range(0, len(pairs), _BLOCK_PAIRS):
        progress("comparing near duplicates", 0.7 + 0.3 * start / len(pairs))
        left, right = pairs[start : start + _BLOCK_PAIRS].T
        common = np.asarray(shingles[left].multiply(shingles[right]).sum(axis=1)).ravel()
        similarity[start : start + _BLOCK_PAIRS] = common / (sizes[left] + sizes[right] - common)
    return similarity
