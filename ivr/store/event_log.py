"""Reading the log of all events, from any position on, and following it as it grows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Row, func, select

from ivr.errors import StoreUnavailableError
from ivr.store import tables
from ivr.store.problems import translated
from ivr.store.records import StoredEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from ivr.ports import InteractionId
    from ivr.store.engine import Database
    from ivr.store.wake_up import WakeUp

log = structlog.get_logger(__name__)

READ_LIMIT = 500
RETRY_SECONDS = 1.0


class EventLog:
    """The log of all events.

    Positions are in the order of commits: whoever resumes after one misses none that came before.
    """

    def __init__(self, database: Database, wake_up: Callable[[], WakeUp]) -> None:
        self._database = database
        self._wake_up = wake_up

    async def last_position(self) -> int:
        """The position of the newest event; 0 of an empty log. Raises `StoreUnavailableError`."""
        with translated(self._database.where):
            async with self._database.reader.connect() as connection:
                return await connection.scalar(select(func.max(tables.events.c.position))) or 0

    async def read(self, after: int, limit: int = READ_LIMIT) -> list[StoredEvent]:
        """At most `limit` events behind position `after` (0: from the beginning), in order.

        Raises `StoreUnavailableError`.
        """
        events = tables.events
        statement = select(events).where(events.c.position > after)
        with translated(self._database.where):
            async with self._database.reader.connect() as connection:
                rows = await connection.execute(statement.order_by(events.c.position).limit(limit))
                return [_event(row) for row in rows]

    async def read_call(self, interaction_id: InteractionId) -> list[StoredEvent]:
        """All events of one call, in order. Raises `StoreUnavailableError`."""
        events = tables.events
        statement = select(events).where(events.c.interaction_id == interaction_id)
        with translated(self._database.where):
            async with self._database.reader.connect() as connection:
                rows = await connection.execute(statement.order_by(events.c.number))
                return [_event(row) for row in rows]

    async def follow(self, after: int) -> AsyncIterator[StoredEvent]:
        """All events behind position `after`, those to come included; never ends by itself.

        New events arrive as they commit on PostgreSQL, within 50 ms on SQLite. While the database
        is away the iterator waits (a try a second, logged once) and goes on where it was. Leave it
        by `contextlib.aclosing`, or the end of it is left to the garbage collector.
        """
        wake_up = self._wake_up()
        is_away = False
        try:
            while True:
                try:
                    with translated(self._database.where):
                        await wake_up.listen()
                    batch = await self.read(after)
                except StoreUnavailableError as error:
                    if not is_away:
                        log.warning("event log unavailable, following waits", problem=str(error))
                    is_away = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                is_away = False
                for event in batch:
                    after = event.position
                    yield event
                if len(batch) < READ_LIMIT:
                    await wake_up.wait()
        finally:
            await wake_up.close()


def _event(row: Row[tuple[object, ...]]) -> StoredEvent:
    return StoredEvent(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
