"""Says to other processes on this machine that a version is being served, so nobody removes it.

A shared lock (flock) on the manifest; the kernel lets go of it when the process ends, however it ends.
On a file system without locks nothing is held, and only the rules of `registry` protect a version.
"""

from __future__ import annotations

import fcntl
from contextlib import suppress
from typing import TYPE_CHECKING

from ivr.models.manifest import MANIFEST, unusable

if TYPE_CHECKING:
    from pathlib import Path


class ArtefactLease:
    """Held from its making to `close`. Raises `ModelUnusableError` when the manifest is gone."""

    def __init__(self, folder: Path) -> None:
        try:
            self._file = (folder / MANIFEST).open("rb")
        except OSError as error:
            raise unusable(folder / MANIFEST, f"cannot be read ({error.strerror})") from error
        with suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def close(self) -> None:
        """Let go. Idempotent."""
        self._file.close()


def is_leased(folder: Path) -> bool:
    """Whether a process on this machine serves the version in `folder`."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
