"""The files that one language's model is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSources:
    """Corpus files (read in this order); further pronunciations and small grammars where there are any."""

    corpus: tuple[Path, ...]
    dictionary: Path | None = None
    grammars: Path | None = None

    @classmethod
    def of_language(cls, folder: Path, language: str) -> Self:
        """`en*.csv`, `en.dict` and `en.grammars.yaml` of a folder such as `training/corpus`."""
        dictionary = folder / f"{language}.dict"
        grammars = folder / f"{language}.grammars.yaml"
        return cls(
            corpus=tuple(sorted(folder.glob(f"{language}*.csv"))),
            dictionary=dictionary if dictionary.exists() else None,
            grammars=grammars if grammars.exists() else None,
        )
