"""The record of calls: takes events at once, stores them in order when the database can."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from ivr.errors import MisuseError, StoreUnavailableError
from ivr.store.event_queue import Admission, EventQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from ivr.ports import CallEvent

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLimits:
    """Sizes and times of a journal; all times in seconds.

    `drain_seconds` is how long the end of the journal may take to write what still waits.
    """

    queue_events: int = 10_000
    batch_events: int = 500
    first_retry_seconds: float = 0.1
    longest_retry_seconds: float = 5.0
    drain_seconds: float = 5.0


class WritesBatches(Protocol):
    """Where a journal's batches go; see `BatchWriter`."""

    async def write(self, batch: int, events: Sequence[CallEvent]) -> None: ...  # noqa: D102

    async def forget(self) -> None: ...  # noqa: D102


class Journal:
    """Fills the port `CallJournal`. Use as `async with`, on one event loop.

    Events wait in a queue (10,000; its overflow rule is told by `EventQueue`) for one task that
    writes them in batches. While the database is locked, full or gone, the task tries again with
    growing pauses, the cause is logged once with what to do, and calls notice nothing. An event
    that the database cannot take is dropped alone, with a logged error. Leaving writes what waits,
    within `drain_seconds`.
    """

    def __init__(self, writer: WritesBatches, limits: JournalLimits | None = None) -> None:
        self._writer = writer
        self._limits = limits or JournalLimits()
        self._queue = EventQueue(self._limits.queue_events)
        self._news = asyncio.Event()
        self._batch = 0
        self._is_open = False
        self._task: asyncio.Task[None] | None = None
        self._problem: str | None = None
        self._lost_events = 0
        self._dropped_partials = 0
        self._reported_losses = (0, 0)

    @property
    def waiting_events(self) -> int:
        """Events that are not yet stored."""
        return len(self._queue)

    @property
    def lost_events(self) -> int:
        """Events that will never be stored, dropped partial words not counted."""
        return self._lost_events

    @property
    def dropped_partials(self) -> int:
        """WORDS_HEARD events that gave way to others in a full queue."""
        return self._dropped_partials

    @property
    def problem(self) -> str | None:
        """Why nothing can be stored at the moment and what to do, or None."""
        return self._problem

    def record(self, event: CallEvent) -> None:
        """Take an event. Never blocks, never raises."""
        if not self._is_open:
            self._lose(event, "the journal is not open")
            return
        admission = self._queue.put(event)
        if admission is Admission.EVENT_LOST:
            self._lose(event, "the queue is full")
        elif admission is Admission.PARTIAL_DROPPED:
            self._drop_partial()
        self._news.set()

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise MisuseError("a journal is opened once")
        self._is_open = True
        self._task = asyncio.create_task(self._write_all(), name="journal")
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        self._news.set()
        task = self._task
        if task is None:
            return
        try:
            async with asyncio.timeout(self._limits.drain_seconds):
                await task
                await self._writer.forget()
        except (TimeoutError, StoreUnavailableError):
            self._give_up_waiting()
        finally:
            task.cancel()

    async def _write_all(self) -> None:
        while True:
            while batch := self._queue.take(self._limits.batch_events):
                await self._write(batch)
                self._queue.written()
            if not self._is_open:
                return
            await self._news.wait()
            self._news.clear()

    async def _write(self, events: Sequence[CallEvent]) -> None:
        self._batch += 1
        pause_seconds = self._limits.first_retry_seconds
        while True:
            try:
                await self._writer.write(self._batch, events)
            except StoreUnavailableError as error:
                self._report_outage(error)
            except Exception as error:  # noqa: BLE001 - the one boundary: no event may stop the rest
                await self._write_one_by_one(events, error)
                return
            else:
                self._report_recovery()
                return
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, self._limits.longest_retry_seconds)

    async def _write_one_by_one(self, events: Sequence[CallEvent], error: Exception) -> None:
        """Find the event that the database refuses; its error's text may quote personal data."""
        if len(events) == 1:
            self._lost_events += 1
            kind, error_type = events[0].kind.value, type(error).__name__
            log.error("event refused by the store", event_kind=kind, error_type=error_type)
            return
        for event in events:
            await self._write([event])

    def _report_outage(self, error: StoreUnavailableError) -> None:
        problem = str(error)
        if self._problem is None:
            log.error("store unavailable, events wait", problem=problem, waiting=len(self._queue))
        self._problem = problem

    def _report_recovery(self) -> None:
        losses = (self._lost_events, self._dropped_partials)
        if self._problem is not None:
            log.info("store is back, writing what waited", waited=len(self._queue))
        if losses != self._reported_losses:
            lost, dropped = losses
            log.error("events were lost", lost_events=lost, dropped_partials=dropped)
        self._problem = None
        self._reported_losses = losses

    def _drop_partial(self) -> None:
        if self._dropped_partials == self._reported_losses[1]:
            log.warning("event queue full, partial words are dropped", waiting=len(self._queue))
        self._dropped_partials += 1

    def _lose(self, event: CallEvent, reason: str) -> None:
        if self._lost_events == self._reported_losses[0]:
            log.error("event lost", event_kind=event.kind.value, reason=reason)
        self._lost_events += 1

    def _give_up_waiting(self) -> None:
        lost = len(self._queue)
        self._lost_events += lost
        if lost:
            log.error("events lost at the end", lost_events=lost, problem=self._problem)
