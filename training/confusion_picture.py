"""A confusion matrix that can be read at 77 intents: what is confused stands together.

Rows are what was meant, columns what was understood. Rows are ordered by hierarchical clustering of
mutual confusion (average linkage, optimal leaf order: Bar-Joseph et al. 2001), and groups of intents
that take each other for one another are framed.
"""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform

from ivr.steering.intents import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from ivr.steering.intents import IntentId
    from training.measures import SetFigures

PAIRS_NAMED = 12
_FEW = 40
_CELL_FEW, _CELL_MANY = 21, 11
_TOP = 26
_NUMBER_WIDTH = 30
_EM = 0.62
_ALIKE_AT = 0.10
_BLOCK_AT = 0.8
_FAINTEST = 0.24


def confusion_picture(figures: SetFigures) -> str:
    """An inline SVG of intents that occur; its cells tell their pair when pointed at."""
    matrix = np.array(figures.confusions)
    occurring = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    matrix = matrix[np.ix_(occurring, occurring)]
    order, blocks = _with_out_of_scope_last(matrix, [figures.labels[row] for row in occurring])
    matrix = matrix[np.ix_(order, order)]
    names = [str(figures.labels[occurring[row]]) for row in order]
    cell = _CELL_FEW if len(names) <= _FEW else _CELL_MANY
    side = cell * len(names)
    left = _label_width(names, cell)
    parts = (
        *_headings(names, matrix, cell, left),
        f'<rect x="{left}" y="{_TOP}" width="{side}" height="{side}" class="field"/>',
        *_cells(names, matrix, cell, left),
        *_frames(blocks, cell, left),
    )
    box = f"0 0 {left + side + 2} {_TOP + side + 2}"
    return (
        f'<svg class="matrix" viewBox="{box}" role="img" aria-label="confusion matrix"'
        f' style="max-width:{left + side + 2}px">{"".join(parts)}</svg>'
    )


def worst_pairs(figures: SetFigures) -> list[tuple[str, str, int, float]]:
    """The most frequent mistakes: meant, taken, how often, and the share of what was meant."""
    matrix = np.array(figures.confusions)
    support = matrix.sum(axis=1)
    pairs = [
        (str(figures.labels[row]), str(figures.labels[column]), count, count / support[row])
        for row, column in zip(*np.nonzero(matrix), strict=True)
        if row != column and (count := int(matrix[row, column]))
    ]
    return sorted(pairs, key=lambda pair: (-pair[2], -pair[3], pair[:2]))[:PAIRS_NAMED]


def ordered(matrix: npt.NDArray[np.int64]) -> tuple[list[int], list[tuple[int, int]]]:
    """An order of the intents, and the blocks in it as first and one past the last place."""
    count = len(matrix)
    if count < 3:  # noqa: PLR2004 (two have one order)
        return list(range(count)), []
    mutual = matrix + matrix.T
    support = np.maximum(matrix.sum(axis=1)[:, None] + matrix.sum(axis=1)[None, :], 1)
    distances = 1.0 - np.minimum(mutual / support / _ALIKE_AT, 1.0)
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average", optimal_ordering=True)
    order = [int(leaf) for leaf in leaves_list(tree)]
    cluster = fcluster(tree, _BLOCK_AT, "distance")[order]
    edges = [0, *(np.flatnonzero(np.diff(cluster)) + 1), count]
    blocks = [(int(first), int(end)) for first, end in pairwise(edges) if end - first > 1]
    return order, blocks


def _with_out_of_scope_last(
    matrix: npt.NDArray[np.int64], names: list[IntentId]
) -> tuple[list[int], list[tuple[int, int]]]:
    """Everything is taken for out of scope now and then: it would pull all blocks into one."""
    topics = [row for row, name in enumerate(names) if name != OUT_OF_SCOPE]
    order, blocks = ordered(matrix[np.ix_(topics, topics)])
    outside = [row for row, name in enumerate(names) if name == OUT_OF_SCOPE]
    return [*(topics[place] for place in order), *outside], blocks


def _font_size(cell: int) -> float:
    return 11 if cell == _CELL_FEW else 8.5


def _label_width(names: list[str], cell: int) -> int:
    """Room for the longest name and its number."""
    return round(_NUMBER_WIDTH + _EM * _font_size(cell) * max(map(len, names)))


def _headings(
    names: list[str], matrix: npt.NDArray[np.int64], cell: int, left: int
) -> Iterator[str]:
    size = _font_size(cell)
    recalls = matrix.diagonal() / np.maximum(matrix.sum(axis=1), 1)
    for number, name in enumerate(names):
        middle = cell * (number + 0.5)
        weight = ' class="weak"' if recalls[number] < np.median(recalls) else ""
        yield (
            f'<text x="{left - 6}" y="{_TOP + middle + size * 0.36:.1f}" font-size="{size}"'
            f' text-anchor="end"{weight}>{escape(name)} '
            f'<tspan class="number">{number + 1}</tspan></text>'
            f'<text x="{left + middle:.1f}" y="{_TOP - 7}" font-size="{size - 1.5}"'
            f' text-anchor="middle" class="number">{number + 1}</text>'
        )


def _cells(names: list[str], matrix: npt.NDArray[np.int64], cell: int, left: int) -> Iterator[str]:
    support = np.maximum(matrix.sum(axis=1), 1)
    for row, column in zip(*np.nonzero(matrix), strict=True):
        count = int(matrix[row, column])
        share = count / support[row]
        kind = "hit" if row == column else "miss"
        strength = share**1.5 * 0.8 if row == column else min(1.0, share * 5)
        x, y = left + cell * column, _TOP + cell * row
        title = f"{names[row]} → {names[column]}: {count} of {support[row]}"
        yield (
            f'<g><title>{escape(title)}</title><rect x="{x + 0.5}" y="{y + 0.5}" class="{kind}"'
            f' width="{cell - 1}" height="{cell - 1}"'
            f' fill-opacity="{max(_FAINTEST, strength):.2f}"/>'
        )
        if cell == _CELL_FEW:
            yield (
                f'<text x="{x + cell / 2}" y="{y + cell / 2 + 3.4:.1f}" font-size="9.5"'
                f' text-anchor="middle">{count}</text>'
            )
        yield "</g>"


def _frames(blocks: list[tuple[int, int]], cell: int, left: int) -> Iterator[str]:
    for first, end in blocks:
        side = cell * (end - first)
        yield (
            f'<rect x="{left + cell * first}" y="{_TOP + cell * first}" width="{side}"'
            f' height="{side}" class="block"/>'
        )
