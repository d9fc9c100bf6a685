"""Positions are in the order of commits, whatever the writers' transactions do meanwhile.

Writers of several journals stay in their transactions for random times (`pg_sleep` on the server)
while a reader resumes again and again after the last position it saw. The same reader over a plain
sequence misses events: the second test shows that the first one would notice.
"""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event
from store_events import event

from ivr.ports import EventKind
from ivr.store.batch_writer import BatchWriter
from ivr.store.opening import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg
    from conftest import PostgreSQLServer

WRITERS = 6
BATCHES = 15


async def resume_until(
    done: asyncio.Event, read: Callable[[int], Awaitable[list[int]]]
) -> list[int]:
    """Read on from the last position seen, until the writers are done and nothing is left."""
    seen: list[int] = []
    while True:
        was_done = done.is_set()
        new = await read(seen[-1] if seen else 0)
        seen += new
        if was_done and not new:
            return seen


async def write_with(*writers: Awaitable[None], done: asyncio.Event) -> None:
    async with asyncio.timeout(60):
        await asyncio.gather(*writers)
    done.set()


async def test_a_resuming_reader_misses_no_event_of_concurrent_writers(url: str) -> None:
    stores = [await open_store(url) for _ in range(WRITERS)]
    chance = random.Random(3)
    if stores[0].database.is_postgresql:
        for store in stores:
            _linger_before_commit(store, chance)

    async def write(store: Store, name: str) -> None:
        writer = BatchWriter(store.database, lambda: 1.0)
        for batch in range(1, BATCHES + 1):
            count = chance.randint(1, 3)
            happened = [event(EventKind.SPEECH_STARTED, call=name)] * count
            await writer.write(batch, happened)

    async def read(after: int) -> list[int]:
        return [one.position for one in await stores[0].event_log.read(after)]

    done = asyncio.Event()
    reader = asyncio.create_task(resume_until(done, read))
    writers = (write(store, f"call-{index}") for index, store in enumerate(stores))
    await write_with(*writers, done=done)
    seen = await reader

    stored = await stores[0].event_log.read(after=0, limit=10_000)
    assert seen == [one.position for one in stored] == list(range(1, len(stored) + 1))
    assert len(stored) >= WRITERS * BATCHES
    for store in stores:
        await store.close()


def _linger_before_commit(store: Store, chance: random.Random) -> None:
    @sqlalchemy_event.listens_for(store.database.writer.sync_engine, "commit")
    def linger(connection: Connection) -> None:
        connection.exec_driver_sql(f"SELECT pg_sleep({chance.uniform(0, 0.01)})")


async def test_the_same_reader_misses_events_that_a_plain_sequence_numbers(
    postgresql_server: PostgreSQLServer, postgresql_url: str
) -> None:
    name = postgresql_url.rpartition("/")[2]
    connections = [await postgresql_server.connect(name) for _ in range(WRITERS + 1)]
    await connections[0].execute("CREATE TABLE naive (position bigserial PRIMARY KEY)")
    chance = random.Random(3)

    async def write(connection: asyncpg.Connection) -> None:
        for _ in range(BATCHES):
            async with connection.transaction():
                await connection.execute("INSERT INTO naive DEFAULT VALUES")
                await connection.execute("SELECT pg_sleep($1)", chance.uniform(0, 0.01))

    async def read(after: int) -> list[int]:
        rows = await connections[0].fetch(
            "SELECT * FROM naive WHERE position > $1 ORDER BY 1", after
        )
        return [row["position"] for row in rows]

    done = asyncio.Event()
    reader = asyncio.create_task(resume_until(done, read))
    await write_with(*(write(connection) for connection in connections[1:]), done=done)

    assert len(await reader) < WRITERS * BATCHES
    for connection in connections:
        await connection.close()
