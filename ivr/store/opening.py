"""The way into the store, for composition roots."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ivr.store.batch_writer import BatchWriter
from ivr.store.calls import Calls
from ivr.store.engine import DEFAULT_URL, Database, StoreTimeouts, connect_to
from ivr.store.event_log import EventLog
from ivr.store.journal import Journal, JournalLimits
from ivr.store.problems import translated_at_start
from ivr.store.schema import check_schema, upgrade_schema
from ivr.store.wake_up import Listener, ListeningWakeUp, PollingWakeUp

if TYPE_CHECKING:
    from ivr.ports import WallClock


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An open database. Whoever opened it closes it, after its journals have ended."""

    database: Database
    event_log: EventLog
    calls: Calls

    def journal(self, limits: JournalLimits | None = None, clock: WallClock = time.time) -> Journal:
        """A new journal, to be used as `async with`; one a program is enough."""
        return Journal(BatchWriter(self.database, clock), limits)

    async def close(self) -> None:
        """Close all connections."""
        await self.database.close()


async def open_store(
    url: str = DEFAULT_URL, *, timeouts: StoreTimeouts | None = None, migrate: bool = True
) -> Store:
    """Connect, and bring the tables to this program's version (or, without `migrate`, check them).

    Raises `ConfigurationError` for a wrong URL, user, password or database, an unusable file, and
    tables that another version made; `StoreUnavailableError` while the database is locked, full or
    starting.
    """
    database = connect_to(url, timeouts)
    try:
        with translated_at_start(database.where):
            engine = database.writer if migrate else database.reader
            async with engine.begin() as connection:
                prepare = upgrade_schema if migrate else check_schema
                await connection.run_sync(prepare, database.where)
    except BaseException:
        await database.close()
        raise
    return Store(database=database, event_log=_event_log(database), calls=Calls(database))


async def upgrade(url: str = DEFAULT_URL) -> None:
    """Bring a database's tables to this program's version and close it. Errors as `open_store`."""
    await (await open_store(url)).close()


def _event_log(database: Database) -> EventLog:
    if not database.is_postgresql:
        return EventLog(database, PollingWakeUp)
    listener = Listener(database)
    return EventLog(database, lambda: ListeningWakeUp(listener))
