"""The folders that models lie in: Sternik's own first, then where Vosk itself keeps them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from ivr.models.vosk_model_folder import (
    VoskModelFolder,
    language_of_name,
    looks_like_model,
    read_model_folder,
)
from sternik.speech.published_models import PREFERRED, version_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptModel:
    """A model that lies in one of the places; `model` is None and `problem` says why when unusable."""

    path: Path
    language: str | None
    model: VoskModelFolder | None
    problem: str = ""


class ModelPlaces:
    """Looks models up by name and by language. Every question looks at the disk."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def all(self) -> tuple[KeptModel, ...]:
        """Every model in all places, damaged ones too."""
        return tuple(_kept(path) for path in self._models())

    def read(self, named: str) -> VoskModelFolder:
        """The model of a name or a path; raises `ModelUnusableError` with where it was looked for."""
        if "/" not in named:
            for folder in self._folders:
                if looks_like_model(folder / named):
                    return read_model_folder(folder / named)
        if "/" in named or Path(named).exists():
            return read_model_folder(Path(named))
        places = ", ".join(str(folder) for folder in self._folders)
        raise ModelUnusableError(
            f"no model is called {named!r} here (looked in {places}, and for a folder of this name); "
            "see `sternik speech list`"
        )

    def of_language(self, language: str) -> VoskModelFolder | None:
        """The best usable model whose name tells this language.

        The preferred one; else one that takes grammars before one that does not, small before large,
        newer before older.
        """
        paths = [path for path in self._models() if language_of_name(path.name) == language]
        usable = [kept.model for path in paths if (kept := _kept(path)).model is not None]
        return max(usable, key=_rank, default=None)

    def _models(self) -> Iterator[Path]:
        seen: set[Path] = set()
        for folder in self._folders:
            for path in _subfolders(folder):
                if looks_like_model(path) and path.resolve() not in seen:
                    seen.add(path.resolve())
                    yield path


def model_places(speech_folder: Path) -> ModelPlaces:
    """Sternik's own folder, `VOSK_MODEL_PATH`, and the two that Vosk looks in on Linux."""
    configured = os.environ.get("VOSK_MODEL_PATH", "")
    vosk = [Path(configured)] if configured else []
    return ModelPlaces(
        [speech_folder, *vosk, Path("/usr/share/vosk"), Path.home() / ".cache" / "vosk"]
    )


def _kept(path: Path) -> KeptModel:
    language = language_of_name(path.name)
    try:
        return KeptModel(path=path, language=language, model=read_model_folder(path))
    except ModelUnusableError as error:
        return KeptModel(path=path, language=language, model=None, problem=str(error))


def _rank(model: VoskModelFolder) -> tuple[bool, bool, bool, tuple[int, ...]]:
    preferred = model.name in PREFERRED.values()
    return preferred, model.takes_grammars, "small" in model.name, version_in(model.name)


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(
            path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except OSError:
        return []
