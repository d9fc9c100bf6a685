"""How long the site may take: for one connection, for an answer, and for the whole attempt."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds, but for `slowest_bytes_per_second`.

    The list must be here after `list_seconds` in all, name resolution included. A download may pause
    for `pause_seconds`, and must come at the slowest rate on average over each `rate_window_seconds`.
    """

    connect_seconds: float = 3.0
    answer_seconds: float = 3.0
    list_seconds: float = 8.0
    pause_seconds: float = 20.0
    rate_window_seconds: float = 20.0
    slowest_bytes_per_second: float = 8 * 1024


def within(seconds: float, act: Callable[[], _T]) -> _T:
    """Act in a thread of its own and wait so long; raises `TimeoutError`, or what `act` raised.

    For waits that take no time-out, such as a name server that never answers. The thread is left
    behind then, and does not hold up the program's end.
    """
    result: Future[_T] = Future()

    def run() -> None:
        try:
            result.set_result(act())
        except BaseException as error:  # noqa: BLE001 (raised again by the one who waits)
            result.set_exception(error)

    threading.Thread(target=run, name="with-a-limit", daemon=True).start()
    return result.result(timeout=seconds)
