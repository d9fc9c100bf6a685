"""How those who follow the log learn that it has grown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

from ivr.store.batch_writer import NOTIFY_CHANNEL

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from ivr.store.engine import Database

SQLITE_POLL_SECONDS = 0.05
LISTEN_CHECK_SECONDS = 5.0


class WakeUp(Protocol):
    """What one follower waits with: `listen`, read, `wait`, and again; `close` at last."""

    async def listen(self) -> None:
        """Be ready to notice what commits from now on; raises the driver's errors."""
        ...

    async def wait(self) -> None:
        """Return when something may have committed since `listen`; may return without cause."""
        ...

    async def close(self) -> None:
        """Stop listening. Idempotent."""
        ...


class PollingWakeUp:
    """SQLite tells nobody of commits, so a follower looks every 50 ms (one indexed read)."""

    async def listen(self) -> None:
        """Nothing to do: the next look sees all commits."""

    async def wait(self) -> None:
        """Wait 50 ms."""
        await asyncio.sleep(SQLITE_POLL_SECONDS)

    async def close(self) -> None:
        """Nothing to do."""


class ListeningWakeUp:
    """PostgreSQL's LISTEN, on one connection that all followers of a store share.

    A commit after LISTEN is always told (https://www.postgresql.org/docs/current/sql-listen.html),
    so who listens first and then reads misses nothing. A follower looks every 5 s all the same, in
    case the connection died without a word.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._grown = asyncio.Event()

    async def listen(self) -> None:
        """Connect if nobody has; forget what was told before."""
        self._grown.clear()
        await self._listener.join(self._grown)

    async def wait(self) -> None:
        """Wait for a notification, 5 s at most."""
        try:
            async with asyncio.timeout(LISTEN_CHECK_SECONDS):
                await self._grown.wait()
        except TimeoutError:
            return

    async def close(self) -> None:
        """Leave; the last one closes the connection."""
        await self._listener.leave(self._grown)


class Listener:
    """The connection that listens: open while it has followers, opened anew when it broke."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: set[asyncio.Event] = set()
        self._connection: AsyncConnection | None = None
        self._is_broken = False
        self._lock = asyncio.Lock()

    async def join(self, grown: asyncio.Event) -> None:
        """Set `grown` from now on whenever the log grows. Idempotent."""
        async with self._lock:
            self._followers.add(grown)
            if self._is_broken:
                await self._hang_up()
            if self._connection is None:
                self._connection = await self._connect()

    async def leave(self, grown: asyncio.Event) -> None:
        """No longer set `grown`. Idempotent."""
        async with self._lock:
            self._followers.discard(grown)
            if not self._followers:
                await self._hang_up()

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        self._is_broken = False
        if connection is not None:
            await _discard(connection)

    async def _connect(self) -> AsyncConnection:
        connection = await self._database.reader.connect()
        try:
            # LISTEN must not sit in an open transaction, hence the driver's own connection.
            driver: Any = (await connection.get_raw_connection()).driver_connection
            driver.add_termination_listener(lambda *_: self._on_lost(connection))
            await driver.add_listener(NOTIFY_CHANNEL, self._on_notify)
        except BaseException:
            await _discard(connection)
            raise
        return connection

    def _on_notify(self, *_told: object) -> None:
        for grown in self._followers:
            grown.set()

    def _on_lost(self, connection: AsyncConnection) -> None:
        """Wake all: their next `listen` connects anew."""
        if connection is self._connection:
            self._is_broken = True
            self._on_notify()


async def _discard(connection: AsyncConnection) -> None:
    """Close for good: a pooled connection would go on listening."""
    await connection.invalidate()
    await connection.close()
