"""What `sternik speech use` chose, one small file a language beside its trained models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.errors import ConfigurationError

FILE_NAME = "speech.json"


class RememberedEars(BaseModel):
    """An engine and, for Vosk, the folder of its model."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Annotated[str, Field(min_length=1, max_length=200)]
    model_folder: Path | None = None


def read_remembered(models_folder: Path, language: str) -> RememberedEars | None:
    """What was chosen for a language; None when nothing was. Raises `ConfigurationError`."""
    file = models_folder / language / FILE_NAME
    try:
        return RememberedEars.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise ConfigurationError(
            "what `sternik speech use` wrote there cannot be read",
            where=str(file),
            advice=f"choose again: sternik speech use {language} auto",
        ) from error


def remember(models_folder: Path, language: str, ears: RememberedEars) -> None:
    """Keep a choice, in one step. Raises `ConfigurationError` when it cannot be written."""
    file = models_folder / language / FILE_NAME
    unfinished = file.with_name(f".{FILE_NAME}.unfinished")
    with _told(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(ears.model_dump_json(indent=2) + "\n", "utf-8")
        unfinished.replace(file)


def forget(models_folder: Path, language: str) -> None:
    """Go back to looking for the best. Raises `ConfigurationError` when the file cannot be removed."""
    file = models_folder / language / FILE_NAME
    with _told(file):
        file.unlink(missing_ok=True)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"the choice cannot be kept ({error.strerror})",
            where=str(file),
            advice="give this user the folder, or name another: STERNIK_MODELS_FOLDER",
        ) from error
