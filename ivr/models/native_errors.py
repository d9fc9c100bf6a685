"""What native code writes to standard error, kept from the terminal and turned into a reason."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MAX_READ_BYTES = 65_536
MAX_REASON_CHARACTERS = 300
_STANDARD_ERROR = 2


@contextmanager
def native_errors() -> Iterator[Callable[[], str]]:
    """Within it, standard error goes to a file; what it gives returns the first line of an error.

    For the whole process, all threads included: only for the time of loading.
    """
    saved = os.dup(_STANDARD_ERROR)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), _STANDARD_ERROR)
        try:
            yield lambda: _first_error(os.pread(written.fileno(), MAX_READ_BYTES, 0))
        finally:
            os.dup2(saved, _STANDARD_ERROR)
            os.close(saved)


def _first_error(written: bytes) -> str:
    """The first line that speaks of an error, without where in the source it was written."""
    lines = written.decode(errors="replace").splitlines()
    errors = [line.strip() for line in lines if line.startswith(("ERROR", "ASSERTION_FAILED"))]
    return next(iter(errors), "no reason given")[:MAX_REASON_CHARACTERS]
