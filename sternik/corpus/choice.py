"""Which files a command of `sternik corpus` is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError
from training.corpus_rows import SUFFIXES
from training.sources import corpus_files, is_held_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def chosen_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The files that are named, and all corpus files of folders that are; each once.

    Raises `ConfigurationError` for a path that leads nowhere or to a folder without corpus files.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            raise ConfigurationError("there is no such file or folder", where=str(path))
        found = corpus_files(path) if path.is_dir() else (path,)
        if not found:
            raise ConfigurationError(
                f"the folder holds no {' or '.join('*' + suffix for suffix in SUFFIXES)}",
                advice="name a corpus file, or a folder with such files",
                where=str(path),
            )
        for file in found:
            files.setdefault(file.resolve(), file)
    return tuple(files.values())


def held_out_files(files: Sequence[Path], named: Sequence[Path]) -> frozenset[Path]:
    """Those for testing only: what was named so, and whatever a folder `held_out` holds."""
    return frozenset((*(path for path in files if is_held_out(path)), *named))
