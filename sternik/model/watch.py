"""Notices that another model was put in service, and gives it to the calls that begin from then on.

It looks at the file `current` once a second: one `stat`, which works on shared storage too, where
inotify tells nothing of what other machines do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import CURRENT, current_version
from sternik.model.in_service import ModelInService, ServedModel

_log = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
MOST_MODELS = 3
"""In memory at once. While so many are held by calls, the next one waits: a second, or a call's time."""

_Seen = tuple[int, int, int] | None


class ModelWatch:
    """Keeps `service` at the version that `<root>/<language>/current` names.

    `open_model` opens a version beside the running ones. What it refuses is logged once, with the
    reason, and the model in service stays until `current` is written again.
    """

    def __init__(
        self,
        *,
        root: Path,
        language: str,
        service: ModelInService,
        open_model: Callable[[str], Awaitable[ServedModel]],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._root = root
        self._language = language
        self._service = service
        self._open_model = open_model
        self._look_seconds = look_seconds
        self._seen: _Seen = None
        self._looked = False

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._look_seconds)

    async def look(self) -> None:
        """Look once; returns when a new model is in service or has been refused."""
        seen = await asyncio.to_thread(self._stat)
        if self._looked and seen == self._seen:
            return
        if self._service.models_open >= MOST_MODELS:
            return
        self._looked, self._seen = True, seen
        try:
            await self._follow()
        except (ModelUnusableError, ConfigurationError) as error:
            self._refused(str(error))
        except Exception as error:  # noqa: BLE001  (whatever a model does to us, calls go on with the old)
            self._refused(repr(error))

    async def _follow(self) -> None:
        version = await asyncio.to_thread(current_version, self._root, self._language)
        left = self._service.model.version
        if version == left:
            return
        began = time.monotonic()
        _log.info("model.opening", version=version, in_service=left)
        self._service.replace(await self._open_model(version))
        took = round(time.monotonic() - began, 2)
        _log.info("model.in_service", version=version, instead_of=left, seconds=took)

    def _refused(self, reason: str) -> None:
        _log.error("model.refused", reason=reason, stays=self._service.model.version)

    def _stat(self) -> _Seen:
        """What changes whenever the file is written anew; None when it cannot be looked at."""
        try:
            status = (self._root / self._language / CURRENT).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino, status.st_size
