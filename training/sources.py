"""The files that one language's model is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from training.corpus_rows import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HELD_OUT: Final = "held_out"
"""What a folder is called whose files are for testing only: training never looks into it."""

_LANGUAGE_OF_NAME = re.compile(r"(?P<language>[a-z]{2})(?:[-_.].*)?")
_LANGUAGE = re.compile(r"[a-z]{2}")


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
        """Find a language's files in a folder.

        The corpus is `en*.csv`, `en*.jsonl` and all such files of a folder `en`; besides there are
        `en.dict`, `en.grammars.yaml` and `en.other_speech.txt`. Confusions are `*.en.csv` in the
        folder `confusions` beside it, the first by engine's name.
        """
        named = [path for path in _tables(folder) if path.name.startswith(language)]
        return cls(
            corpus=(*named, *_tables(folder / language)),
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


def corpus_files(folder: Path) -> tuple[Path, ...]:
    """All corpus files of a folder: its own, those of its language folders, then those held out."""
    own = [*_tables(folder), *(path for one in _language_folders(folder) for path in _tables(one))]
    held_out = folder / HELD_OUT
    return (*own, *(corpus_files(held_out) if held_out.is_dir() else ()))


def language_of_path(path: Path) -> str:
    """Two letters that begin a file's name (`en.csv`, `en-2.csv`) or name its folder; else ''."""
    named = _LANGUAGE_OF_NAME.fullmatch(path.stem)
    if named:
        return named["language"]
    return path.parent.name if _LANGUAGE.fullmatch(path.parent.name) else ""


def is_held_out(path: Path) -> bool:
    """Whether a file is for testing only: it, or a folder that it is named by, is called so."""
    return HELD_OUT in path.parts or path.stem == HELD_OUT


def _language_folders(folder: Path) -> Iterator[Path]:
    for child in sorted(folder.iterdir()):
        if child.is_dir() and _LANGUAGE.fullmatch(child.name):
            yield child


def _tables(folder: Path) -> tuple[Path, ...]:
    return tuple(path for suffix in SUFFIXES for path in sorted(folder.glob(f"*{suffix}")))


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None
