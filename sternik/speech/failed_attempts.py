"""The last attempt to fetch a model that failed, so that the next start need not wait for it again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REMEMBERED_SECONDS: Final = 3600.0


class FailedAttempt(BaseModel):
    """When (Unix seconds) asking `list_url` failed, and why."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    at_seconds: float
    list_url: str
    reason: Annotated[str, Field(max_length=1000)]


class FailedAttempts:
    """One small file a language in the folder of fetched models; losing it costs a few seconds."""

    def __init__(self, speech_folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = speech_folder
        self._now = now

    def recent(self, language: str, list_url: str) -> FailedAttempt | None:
        """The failure of the last hour with the same list, if there was one."""
        try:
            failed = FailedAttempt.model_validate_json(self._file(language).read_bytes())
        except (OSError, ValidationError):
            return None
        age_seconds = self._now() - failed.at_seconds
        fresh = 0 <= age_seconds < REMEMBERED_SECONDS and failed.list_url == list_url
        return failed if fresh else None

    def record(self, language: str, *, list_url: str, reason: str) -> None:
        """Remember a failure from now on; a disk that cannot be written is no second one."""
        failed = FailedAttempt(at_seconds=self._now(), list_url=list_url, reason=reason[:1000])
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file(language).write_text(failed.model_dump_json() + "\n", "utf-8")

    def clear(self, language: str) -> None:
        """Forget it: a model was fetched."""
        with suppress(OSError):
            self._file(language).unlink(missing_ok=True)

    def _file(self, language: str) -> Path:
        return self._folder / f".last-failure-{language}.json"
