"""The files that one language's model is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSources:
    """Corpus files (read in this order), and what else there is of a language.

    `dictionary` has further pronunciations, `grammars` the small grammars, `other_speech` a general
    vocabulary, a word a line, the most frequent first, `confusions` what a recogniser mishears.
    """

    corpus: tuple[Path, ...]
    dictionary: Path | None = None
    grammars: Path | None = None
    other_speech: Path | None = None
    confusions: Path | None = None

    @classmethod
    def of_language(cls, folder: Path, language: str) -> Self:
        """Find `en*.csv`, `en.dict`, `en.grammars.yaml` and `en.other_speech.txt` in a folder.

        Confusions are `*.en.csv` in the folder `confusions` beside it, the first by engine's name.
        """
        return cls(
            corpus=tuple(sorted(folder.glob(f"{language}*.csv"))),
            dictionary=_existing(folder / f"{language}.dict"),
            grammars=_existing(folder / f"{language}.grammars.yaml"),
            other_speech=_existing(folder / f"{language}.other_speech.txt"),
            confusions=next(
                iter(sorted((folder.parent / "confusions").glob(f"*.{language}.csv"))), None
            ),
        )

    @property
    def others(self) -> tuple[Path, ...]:
        """All files there are besides the corpus."""
        found = (self.dictionary, self.grammars, self.other_speech, self.confusions)
        return tuple(path for path in found if path is not None)


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None
