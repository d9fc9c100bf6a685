"""The parent process: starts the worker, watches its heartbeat, ends and replaces it when it is silent.

The worker writes a byte into a pipe from its event loop, five times a second; a loop that is stopped,
blocked or dead writes none. Ending it closes its sockets, and that is what lets Asterisk go on with
every call it had.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence

import structlog

from sternik.settings import Settings

_log = structlog.get_logger(__name__)

HEARTBEAT_DESCRIPTOR = "STERNIK_HEARTBEAT_FD"
HEARTBEAT_SECONDS = 0.2
EXIT_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: the database is away
EXIT_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: trying again would not help
_START_SECONDS = 60.0
_LONG_LIFE_SECONDS = 10.0
_BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0)


class _Heartbeat(asyncio.Protocol):
    """The reading end of the pipe. Until the first beat, the worker has the time of a start."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._begun = False
        self.closed = False

    def data_received(self, data: bytes) -> None:  # noqa: ARG002  (any byte is a beat)
        self._last = time.monotonic()
        self._begun = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.closed = True

    async def silent(self, limit_seconds: float) -> bool:
        """Look again after a beat's time: whether it is over, by silence or by a closed pipe.

        A parent that was itself held up judges at its next look: beats may have waited for it unread.
        """
        looked_at = time.monotonic()
        await asyncio.sleep(HEARTBEAT_SECONDS / 2)
        if time.monotonic() - looked_at > HEARTBEAT_SECONDS:
            return self.closed
        limit = limit_seconds if self._begun else _START_SECONDS
        return self.closed or time.monotonic() - self._last > limit


class Supervisor:
    """Keeps one worker alive until told to stop.

    `command` starts a worker that beats into the descriptor named by `HEARTBEAT_DESCRIPTOR`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        command: Sequence[str] = (sys.executable, "-m", "sternik.worker"),
    ) -> None:
        self._settings = settings
        self._command = command
        self._stopping = asyncio.Event()
        self._worker: asyncio.subprocess.Process | None = None
        self._short_lives = 0

    def stop(self) -> None:
        """Ask the worker to finish its calls and end; a second request ends it at once."""
        again = self._stopping.is_set()
        self._stopping.set()
        if self._worker is not None and self._worker.returncode is None:
            self._worker.send_signal(signal.SIGKILL if again else signal.SIGTERM)

    async def run(self) -> int:
        """Run workers one after another until stopped; returns the exit code for the program."""
        while not self._stopping.is_set():
            started = time.monotonic()
            code = await self._run_one_worker()
            if code == EXIT_CONFIGURATION and not self._stopping.is_set():
                return code
            await self._pause(lived_seconds=time.monotonic() - started)
        return 0

    async def _run_one_worker(self) -> int:
        reading, writing = os.pipe()
        try:
            self._worker = await asyncio.create_subprocess_exec(
                *self._command,
                pass_fds=(writing,),
                env={**os.environ, HEARTBEAT_DESCRIPTOR: str(writing)},
                # Ctrl-C in a terminal reaches the parent alone, which passes it on.
                start_new_session=True,
            )
        finally:
            os.close(writing)
        _log.info("worker started", pid=self._worker.pid)
        if self._stopping.is_set():  # told to stop while it was being started
            self._worker.send_signal(signal.SIGTERM)
        watching = asyncio.create_task(self._watch(self._worker, reading))
        try:
            code = await self._worker.wait()
        finally:
            watching.cancel()
            if self._worker.returncode is None:
                self._worker.kill()
        await asyncio.wait({watching})
        if not self._stopping.is_set():
            _log.error("worker ended", pid=self._worker.pid, code=code)
        return code

    async def _watch(self, worker: asyncio.subprocess.Process, descriptor: int) -> None:
        """Kill the worker when the pipe stays silent for too long. Ends when the pipe is closed."""
        pipe = os.fdopen(descriptor, "rb", buffering=0)
        transport, heartbeat = await asyncio.get_running_loop().connect_read_pipe(_Heartbeat, pipe)
        try:
            while not await heartbeat.silent(self._settings.heartbeat_limit_seconds):
                pass
            if not heartbeat.closed and worker.returncode is None:
                _log.error("worker gave no heartbeat: ending it", pid=worker.pid)
                worker.kill()
        finally:
            transport.close()

    async def _pause(self, *, lived_seconds: float) -> None:
        """Replace a worker that lived long at once; one that keeps dying, more and more slowly."""
        self._short_lives = 0 if lived_seconds > _LONG_LIFE_SECONDS else self._short_lives + 1
        pause = _BACKOFF_SECONDS[min(self._short_lives, len(_BACKOFF_SECONDS) - 1)]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._stopping.wait()


async def run_until_stopped(settings: Settings) -> int:
    """Run the program in the foreground; SIGTERM and SIGINT stop it, the second one at once."""
    supervisor = Supervisor(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    return await supervisor.run()
