"""Which heard words stand for which said ones.

Weighted edit distance over words (Wagner and Fischer 1974), with two steps more: one word heard as two,
and two heard as one. What is spelled alike is preferred, so that errors side by side come apart right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOST_OR_ADDED = 0.8
_REPLACED = 0.6
_SPLIT_OR_MERGED = 0.9
_UNLIKE = 0.6
_REGROUPED_UNLIKE = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedPair:
    """What was said and heard at one place: '' to two words, one of the sides at most one word."""

    said: str
    heard: str


def align(said: Sequence[str], heard: Sequence[str]) -> tuple[AlignedPair, ...]:
    """Pairs in spoken order; the words of all pairs are those of both sides, in order.

    Brackets of other speech are no part of the spelling, but `[card]` is not `card`.
    """
    costs = [[0.0] * (len(heard) + 1) for _ in range(len(said) + 1)]
    steps: list[list[tuple[int, int]]] = [[(0, 0)] * (len(heard) + 1) for _ in costs]
    for row in range(len(said) + 1):
        for column in range(len(heard) + 1):
            if row or column:
                costs[row][column], steps[row][column] = min(
                    (costs[row - down][column - right] + cost, (down, right))
                    for (down, right), cost in _steps(said[:row], heard[:column])
                )
    return tuple(reversed(list(_walked_back(said, heard, steps))))


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """The least number of words replaced, left out or put in (the numerator of a word error rate)."""
    before = list(range(len(heard) + 1))
    for row, word in enumerate(said, start=1):
        now = [row]
        for column, other in enumerate(heard, start=1):
            kept = before[column - 1] + (word != other)
            now.append(min(kept, before[column] + 1, now[-1] + 1))
        before = now
    return before[-1]


def _steps(said: Sequence[str], heard: Sequence[str]) -> Iterator[tuple[tuple[int, int], float]]:
    """What the last words may be, each with what it costs."""
    if said:
        yield (1, 0), _LOST_OR_ADDED
    if heard:
        yield (0, 1), _LOST_OR_ADDED
    if said and heard:
        same = said[-1] == heard[-1]
        yield (1, 1), 0.0 if same else _REPLACED + _UNLIKE * _unlikeness(said[-1], heard[-1])
        if len(said) > 1:
            unlike = _unlikeness(said[-2] + said[-1], heard[-1])
            yield (2, 1), _SPLIT_OR_MERGED + _REGROUPED_UNLIKE * unlike
        if len(heard) > 1:
            unlike = _unlikeness(said[-1], heard[-2] + heard[-1])
            yield (1, 2), _SPLIT_OR_MERGED + _REGROUPED_UNLIKE * unlike


def _walked_back(
    said: Sequence[str], heard: Sequence[str], steps: Sequence[Sequence[tuple[int, int]]]
) -> Iterator[AlignedPair]:
    row, column = len(said), len(heard)
    while row or column:
        down, right = steps[row][column]
        yield AlignedPair(
            said=" ".join(said[row - down : row]), heard=" ".join(heard[column - right : column])
        )
        row, column = row - down, column - right


@lru_cache(maxsize=100_000)
def _unlikeness(one: str, other: str) -> float:
    """Letters to change (0..1 of the longer spelling)."""
    one, other = _spelling(one), _spelling(other)
    return word_errors(one, other) / max(len(one), len(other), 1)


def _spelling(word: str) -> str:
    return word.replace("[", "").replace("]", "")
