"""Databases that lock, fill up and die: events wait and arrive in order, calls notice nothing."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine
from sqlalchemy import event as sqlalchemy_event
from store_events import event, whole_call
from structlog.testing import capture_logs

from ivr.errors import StoreUnavailableError
from ivr.ports import CallEvent, EventKind
from ivr.store import wake_up
from ivr.store.batch_writer import BatchWriter
from ivr.store.engine import StoreTimeouts
from ivr.store.journal import Journal, JournalLimits
from ivr.store.opening import Store, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from conftest import PostgreSQLServer

QUICK = JournalLimits(first_retry_seconds=0.005, longest_retry_seconds=0.02, drain_seconds=20)
IMPATIENT = StoreTimeouts(lock_seconds=0.01)
HOLD_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


class WatchedWriter:
    """A real writer that tells when a write has failed."""

    def __init__(self, store: Store) -> None:
        self._writer = BatchWriter(store.database, lambda: 1.0)
        self.failures = 0
        self.has_failed_twice = asyncio.Event()

    async def write(self, batch: int, events: Sequence[CallEvent]) -> None:
        try:
            await self._writer.write(batch, events)
        except StoreUnavailableError:
            self.failures += 1
            if self.failures >= 2:
                self.has_failed_twice.set()
            raise

    async def forget(self) -> None:
        await self._writer.forget()


@pytest.fixture
async def sqlite_store(sqlite_url: str) -> AsyncIterator[Store]:
    store = await open_store(sqlite_url, timeouts=IMPATIENT)
    yield store
    await store.close()


def database_file(store: Store) -> Path:
    return Path(str(store.database.reader.url.database))


async def record_during_outage(writer: WatchedWriter, journal: Journal) -> None:
    for one in whole_call():
        journal.record(one)
    async with asyncio.timeout(20):
        await writer.has_failed_twice.wait()
    journal.record(event(EventKind.NO_INPUT, turn=2))


async def assert_all_arrived(store: Store, journal: Journal) -> None:
    kinds = [one.kind for one in await store.event_log.read(after=0)]
    assert kinds == [*(one.kind.value for one in whole_call()), "input.none"]
    assert (journal.lost_events, journal.waiting_events, journal.problem) == (0, 0, None)


def outage_logs(logs: Sequence[object]) -> list[str]:
    return [entry["event"] for entry in logs]  # type: ignore[index]


async def test_events_wait_while_another_program_locks_the_file(sqlite_store: Store) -> None:
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD_THE_LOCK, str(database_file(sqlite_store))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    async with asyncio.timeout(20):
        assert await holder.stdout.readline() == b"locked\n"
    writer = WatchedWriter(sqlite_store)
    with capture_logs() as logs:
        async with Journal(writer, QUICK) as journal:
            await record_during_outage(writer, journal)
            assert "locked by another program" in str(journal.problem)
            holder.stdin.close()
            await holder.wait()
    await assert_all_arrived(sqlite_store, journal)
    assert outage_logs(logs) == [
        "store unavailable, events wait",
        "store is back, writing what waited",
    ]
    assert "end the program that holds it" in logs[0]["problem"]
    assert logs[1]["waited"] == 11


async def test_opening_a_locked_database_says_who_to_look_for(sqlite_url: str) -> None:
    store = await open_store(sqlite_url, timeouts=IMPATIENT)
    await store.close()
    with sqlite3.connect(database_file(store), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailableError, match="locked by another program"):
            await open_store(sqlite_url, timeouts=IMPATIENT)
        other.execute("ROLLBACK")
    other.close()


async def test_events_wait_while_the_disk_is_full(sqlite_store: Store) -> None:
    engine: Engine = sqlite_store.database.reader.sync_engine
    pages = {"most": 1}

    @sqlalchemy_event.listens_for(engine, "begin")
    def limit_pages(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages['most']}")  # type: ignore[attr-defined]

    filler = [event(EventKind.RECOGNISER_LOST, problem="x" * 20_000)]
    writer = WatchedWriter(sqlite_store)
    with capture_logs() as logs:
        async with Journal(writer, QUICK) as journal:
            journal.record(filler[0])
            async with asyncio.timeout(20):
                await writer.has_failed_twice.wait()
            await record_during_outage(writer, journal)
            assert "disk that holds the database is full" in str(journal.problem)
            pages["most"] = 1_000_000
    stored = await sqlite_store.event_log.read(after=0)
    assert [one.number for one in stored] == list(range(1, 13))
    assert journal.lost_events == 0
    assert "free some space" in logs[0]["problem"]


async def test_events_wait_while_postgresql_is_down_and_followers_resume(
    postgresql_server: PostgreSQLServer, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than the test: only a connection that listens anew can wake the follower in time.
    monkeypatch.setattr(wake_up, "LISTEN_CHECK_SECONDS", 300.0)
    store = await open_store(postgresql_url)
    followed: asyncio.Queue[int] = asyncio.Queue()
    follower = asyncio.create_task(_follow(store, followed))
    writer = WatchedWriter(store)
    with capture_logs() as logs:
        async with Journal(writer, QUICK) as journal:
            journal.record(event(EventKind.SPEECH_STARTED))
            await _stored(store, 1)
            await asyncio.to_thread(postgresql_server.stop)
            try:
                await record_during_outage(writer, journal)
                assert journal.problem is not None
            finally:
                await asyncio.to_thread(postgresql_server.start)
    async with asyncio.timeout(20):
        assert [await followed.get() for _ in range(12)] == list(range(1, 13))
        async with store.journal() as journal:
            journal.record(event(EventKind.SPEECH_STARTED, call="next"))
        assert await followed.get() == 13
    follower.cancel()
    with pytest.raises(asyncio.CancelledError):
        await follower
    mine = [entry for entry in outage_logs(logs) if "follow" not in entry]
    assert mine == ["store unavailable, events wait", "store is back, writing what waited"]
    await store.close()


async def test_events_wait_while_a_transaction_in_postgresql_holds_the_log(
    postgresql_server: PostgreSQLServer, postgresql_url: str
) -> None:
    store = await open_store(postgresql_url, timeouts=IMPATIENT)
    other = await postgresql_server.connect(postgresql_url.rpartition("/")[2])
    writer = WatchedWriter(store)
    async with Journal(writer, QUICK) as journal, other.transaction():
        await other.execute("SELECT * FROM log_head FOR UPDATE")
        await record_during_outage(writer, journal)
        assert "pg_stat_activity" in str(journal.problem)
    await other.close()
    await assert_all_arrived(store, journal)
    await store.close()


async def _stored(store: Store, position: int) -> None:
    async with asyncio.timeout(20):
        async with aclosing(store.event_log.follow(position - 1)) as following:
            assert (await anext(following)).position == position


async def _follow(store: Store, followed: asyncio.Queue[int]) -> None:
    async with aclosing(store.event_log.follow(0)) as following:
        async for one in following:
            followed.put_nowait(one.position)
