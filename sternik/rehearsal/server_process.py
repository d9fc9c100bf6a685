"""`sternik serve` as a process of its own: started, found ready, stopped, or killed as a test wants."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from ivr.errors import ConfigurationError
from sternik.settings import Settings
from sternik.supervisor import EXIT_CONFIGURATION

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_LOOK_AGAIN_SECONDS = 0.05


class ServerProcess:
    """Runs with `settings`; its output is appended to `log_file`.

    `async with` returns when it takes calls. Raises `ConfigurationError` with the end of its log when
    it does not come up.
    """

    def __init__(self, settings: Settings, *, log_file: Path) -> None:
        self._settings = settings
        self.log_file = log_file
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until its AGI port answers."""
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sternik",
                "serve",
                env={**os.environ, **environment(self._settings)},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            await self.wait_ready()
        except TimeoutError:
            await self.stop()
            raise self._not_started("Sternik did not start in time") from None

    async def wait_ready(self, *, seconds: float = _READY_SECONDS) -> None:
        """Wait until its AGI port answers: after a start, or after its worker was replaced.

        Raises `TimeoutError`, and `ConfigurationError` when it ends meanwhile.
        """
        assert self._process is not None  # noqa: S101
        async with asyncio.timeout(seconds):
            await self._until_ready(self._process)

    @property
    def is_running(self) -> bool:
        """Whether the parent runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def parent_pid(self) -> int:
        """The parent's process id."""
        assert self._process is not None  # noqa: S101
        return self._process.pid

    @property
    def worker_pids(self) -> list[int]:
        """The worker that the parent runs now; empty between two."""
        return _children(self.parent_pid)

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL parent and worker together, as a power cut would end them; both are gone then.

        A worker that still dies would hold the AGI port, and look like the next one's readiness.
        """
        workers = [os.pidfd_open(pid) for pid in self.worker_pids]
        self.send(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
        for worker in workers:
            await _ended(worker)

    def send(self, number: signal.Signals) -> None:
        """A signal to parent and worker alike."""
        for pid in (self.parent_pid, *self.worker_pids):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(
                    self._settings.agi_host, self._settings.agi_port
                )
                writer.close()
                return
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        unusable = process.returncode == EXIT_CONFIGURATION
        raise self._not_started("Sternik cannot start" if unusable else "Sternik ended at once")

    def _not_started(self, problem: str) -> ConfigurationError:
        lines: list[str] = []
        with suppress(OSError):
            lines = self.log_file.read_text("utf-8", "replace").splitlines()[-12:]
        return ConfigurationError(
            problem, where=str(self.log_file), advice="\n".join(["the end of its log:", *lines])
        )


def environment(settings: Settings) -> Mapping[str, str]:
    """These settings as the variables that another process reads."""
    values = settings.model_dump()
    values["ami_secret"] = settings.ami_secret.get_secret_value()
    return {f"STERNIK_{name.upper()}": str(value) for name, value in values.items()}


async def _ended(process_descriptor: int) -> None:
    """Wait until the process is gone, and close the descriptor."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(process_descriptor, gone.set)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await gone.wait()
    finally:
        loop.remove_reader(process_descriptor)
        os.close(process_descriptor)


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
        return [int(child) for child in text.split()]
    return []
