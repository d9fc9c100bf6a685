"""A back-off language model as values, and its ARPA file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SENTENCE_START = "<s>"
NEVER_LOG10 = -99.0

Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackoffModel:
    """Log10 probabilities of n-grams and log10 back-off weights of contexts, by order from 1."""

    log10_probabilities: tuple[Mapping[Gram, float], ...]
    log10_backoffs: Mapping[Gram, float]


def write_arpa(model: BackoffModel, destination: Path) -> None:
    """Write a model as ARPA file (replaced in one step)."""
    unfinished = destination.with_name(f"{destination.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in _arpa_lines(model))
    unfinished.replace(destination)


def _arpa_lines(model: BackoffModel) -> Iterator[str]:
    levels = [dict(level) for level in model.log10_probabilities]
    levels[0][SENTENCE_START,] = NEVER_LOG10
    yield "\\data\\"
    yield from (f"ngram {order}={len(level)}" for order, level in enumerate(levels, start=1))
    for order, level in enumerate(levels, start=1):
        yield ""
        yield f"\\{order}-grams:"
        for gram, probability in sorted(level.items()):
            line = f"{probability:.5f}\t{' '.join(gram)}"
            if order < len(levels):
                line += f"\t{model.log10_backoffs.get(gram, 0.0):.5f}"
            yield line
    yield ""
    yield "\\end\\"
