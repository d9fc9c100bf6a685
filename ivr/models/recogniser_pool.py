"""Ears for many callers: a `RecogniserPool` whose decoders live in recogniser processes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import structlog

from ivr.errors import ModelUnusableError, OverloadedError, RecogniserLostError
from ivr.models.recogniser_engine import find_engine
from ivr.models.recogniser_link import LinkTimes, RecogniserProcess

if TYPE_CHECKING:
    from types import TracebackType

    from ivr.models.recogniser_engine import EngineOptions
    from ivr.models.recogniser_stream import ProcessStream
    from ivr.ports import GrammarName, RecogniserDescription

BUILT_AHEAD = 2
GROW_AT_LOAD = 0.5
# A process this far behind takes no new caller: latency must not pile up.
BUSY_SECONDS = 0.5
OPEN_SECONDS = 1.0
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 30.0

_log = structlog.get_logger(__name__)


class ProcessPool:
    """Starts with two processes and adds one, up to `max_processes`, when half are taken.

    Each process serves at most `sessions_per_process` callers; beyond that `open` sheds. Both are the
    engine's plan for this machine unless given; an engine that wants a single process gets one. A lost
    process is replaced; its sessions raise `RecogniserLostError`. Built and closed by a composition
    root: `await start()` before the first call, `await close()` at the end (or `async with`). Raises
    `ConfigurationError` when there is no such engine.
    """

    def __init__(
        self,
        *,
        options: EngineOptions,
        max_processes: int | None = None,
        sessions_per_process: int | None = None,
        built_ahead: int = BUILT_AHEAD,
        open_seconds: float = OPEN_SECONDS,
        times: LinkTimes | None = None,
    ) -> None:
        engine = find_engine(options.engine)
        plan = engine.plan(options, os.cpu_count() or 1)
        self._options = replace(options, threads=options.threads or plan.threads)
        self._description = engine.describe(options)
        processes = _at_least_one(max_processes, plan.max_processes)
        self._max_processes = 1 if plan.single_process else processes
        self._sessions_per_process = _at_least_one(sessions_per_process, plan.sessions_per_process)
        self._built_ahead = min(built_ahead, self._sessions_per_process)
        self._open_seconds = open_seconds
        self._times = times or LinkTimes()
        self._ready: list[RecogniserProcess] = []
        self._slots: set[asyncio.Task[None]] = set()
        self._became_ready = asyncio.Condition()
        self._closed = False
        self._noted = ""

    @property
    def description(self) -> RecogniserDescription:
        """Which ears listen."""
        return self._description

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The processes that serve now."""
        return tuple(process.pid for process in self._usable())

    @property
    def sessions(self) -> int:
        """How many callers are heard now."""
        return sum(process.sessions for process in self._ready)

    async def start(self) -> None:
        """Start the first process and wait for its decoders; raises `ModelUnusableError`.

        A second one follows in the background: one core alone does not keep up with ten callers who
        speak at the same time, and a lost process takes its callers' ears with it.
        """
        self._add_slot(await self._start_process())
        self._grow()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def open(self, grammar: GrammarName) -> ProcessStream:
        """A recogniser that is ready to hear.

        While a process is starting, waits for it, a second at most; raises `OverloadedError` when
        there is none to spare.
        """
        try:
            async with asyncio.timeout(self._open_seconds), self._became_ready:
                while (process := self._least_loaded()) is None:
                    if self._closed or len(self._usable()) == self._max_processes:
                        raise OverloadedError("every recogniser is taken")
                    self._grow()
                    await self._became_ready.wait()
        except TimeoutError as error:
            raise OverloadedError("no recogniser became ready in time") from error
        try:
            stream = process.open(grammar)
        except RecogniserLostError as error:
            raise OverloadedError("the recogniser was just lost") from error
        if self.sessions >= GROW_AT_LOAD * self._sessions_per_process * len(self._ready):
            self._grow()
        return stream

    async def close(self) -> None:
        """End every process; sessions that are still open are lost. Idempotent."""
        self._closed = True
        slots = tuple(self._slots)
        for slot in slots:
            slot.cancel()
        await asyncio.gather(*slots, return_exceptions=True)
        # A slot that was cancelled before its first step has not ended its process.
        for process in tuple(self._ready):
            await process.close()
        self._ready.clear()

    def _least_loaded(self) -> RecogniserProcess | None:
        free = [
            process
            for process in self._usable()
            if process.sessions < self._sessions_per_process
            and process.behind_seconds < BUSY_SECONDS
        ]
        return min(free, key=lambda process: process.sessions, default=None)

    def _usable(self) -> list[RecogniserProcess]:
        return [process for process in self._ready if not process.is_lost]

    def _grow(self) -> None:
        if not self._closed and len(self._slots) < self._max_processes:
            self._add_slot(None)

    def _add_slot(self, process: RecogniserProcess | None) -> None:
        if process is not None:
            self._ready.append(process)
        slot = asyncio.create_task(self._keep(process), name="recogniser-slot")
        self._slots.add(slot)
        slot.add_done_callback(self._slots.discard)

    async def _keep(self, process: RecogniserProcess | None) -> None:
        """Keep one process serving: start it, and start another when it is lost."""
        while True:
            process = process or await self._start_with_retries()
            try:
                reason = await process.run()
            finally:
                self._ready.remove(process)
            _log.warning("recogniser.lost", pid=process.pid, reason=reason)
            process = None

    async def _start_with_retries(self) -> RecogniserProcess:
        retry_seconds = FIRST_RETRY_SECONDS
        while True:
            try:
                process = await self._start_process()
            except (ModelUnusableError, OSError) as error:
                _log.error("recogniser.not_started", error=str(error))
                await asyncio.sleep(retry_seconds)
                retry_seconds = min(2 * retry_seconds, LAST_RETRY_SECONDS)
                continue
            async with self._became_ready:
                self._ready.append(process)
                self._became_ready.notify_all()
            return process

    async def _start_process(self) -> RecogniserProcess:
        process = await RecogniserProcess.start(
            options=self._options,
            built_ahead=self._built_ahead,
            most=self._sessions_per_process,
            times=self._times,
        )
        if process.note and process.note != self._noted:
            self._noted = process.note
            _log.warning("recogniser.note", note=process.note)
        return process


def _at_least_one(given: int | None, planned: int) -> int:
    number = planned if given is None else given
    if number < 1:
        raise ValueError("max_processes and sessions_per_process must be 1 or more")
    return number
