"""Connections to SQLite or PostgreSQL, set up so that writers queue up and readers never wait."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ivr.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_URL = "sqlite+aiosqlite:///var/sternik.sqlite3"

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_WRITES = "sternik_writes"
_WAL_SECONDS = 1.0
_WAL_RETRY_SECONDS = 0.01
_EXAMPLES = f"write {DEFAULT_URL} or postgresql+asyncpg://USER:PASSWORD@HOST:5432/NAME"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreTimeouts:
    """How long the store waits for the database, in seconds.

    `lock_seconds` is for locks that others hold; for SQLite a thread waits, not the event loop.
    """

    lock_seconds: float = 2.0
    connect_seconds: float = 5.0
    statement_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One database: `reader` for what only reads, `writer` for transactions that write.

    Both share a pool. `where` names the database without its password.
    """

    reader: AsyncEngine
    writer: AsyncEngine
    where: str

    @property
    def is_postgresql(self) -> bool:
        """Whether this is the shared engine, which can wake those who wait for events."""
        return self.reader.dialect.name == "postgresql"

    async def close(self) -> None:
        """Close all connections."""
        await self.reader.dispose()


def connect_to(url: str, timeouts: StoreTimeouts | None = None) -> Database:
    """Prepare a database's connections; none is made yet.

    Raises `ConfigurationError` for a URL that names no database we can use.
    """
    parsed = parse_url(url)
    where = parsed.render_as_string(hide_password=True)
    times = timeouts or StoreTimeouts()
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite:
        file = Path(str(parsed.database))
        _make_private_file(file, where)
        _use_wal(file)
    engine = create_async_engine(
        parsed,
        # Parameters would carry callers' numbers into tracebacks.
        hide_parameters=True,
        pool_pre_ping=not is_sqlite,
        pool_timeout=times.connect_seconds,
        connect_args=_sqlite_arguments(times) if is_sqlite else _postgresql_arguments(times),
    )
    if is_sqlite:
        _set_up_sqlite(engine.sync_engine, times)
    return Database(reader=engine, writer=engine.execution_options(**{_WRITES: True}), where=where)


def parse_url(url: str) -> URL:
    """The URL with the driver we use. Raises `ConfigurationError` saying what to write instead."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "this is no database URL", advice=_EXAMPLES, where="store URL"
        ) from error
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        problem = f"Sternik stores in SQLite or PostgreSQL, not in {parsed.drivername}"
        raise ConfigurationError(problem, advice=_EXAMPLES, where="store URL")
    if parsed.database in (None, "", ":memory:"):
        raise ConfigurationError("the URL names no database", advice=_EXAMPLES, where="store URL")
    return parsed.set(drivername=driver)


def _sqlite_arguments(times: StoreTimeouts) -> Mapping[str, Any]:
    return {"timeout": times.lock_seconds}


def _postgresql_arguments(times: StoreTimeouts) -> Mapping[str, Any]:
    return {
        "timeout": times.connect_seconds,
        "command_timeout": times.statement_seconds,
        "server_settings": {
            "application_name": "sternik",
            "lock_timeout": str(int(times.lock_seconds * 1000)),
        },
    }


def _make_private_file(path: Path, where: str) -> None:
    """Create the file, and its folder, for our own user only: it holds callers' numbers."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"the database file cannot be opened ({error.strerror})",
            advice="check that the path exists and that the user who runs Sternik may write there",
            where=where,
        ) from error


def _use_wal(path: Path) -> None:
    """Have the file in WAL mode, which it keeps, before the first connection of the engine.

    Changing the mode fails at once, whatever the busy time-out, when another program is about to do
    the same, so it is tried again for a second. What else is wrong is told by the engine's own
    connection. Blocks; only at a start.
    """
    deadline = time.monotonic() + _WAL_SECONDS
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=0)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                return
            time.sleep(_WAL_RETRY_SECONDS)
        except sqlite3.DatabaseError:
            return


def _set_up_sqlite(engine: Engine, times: StoreTimeouts) -> None:
    """Let readers read while one writes (WAL); a power cut may lose the last commits (NORMAL).

    The driver's own transaction handling is off: it would begin reading and then fail to become a
    writer (SQLite: "BEGIN IMMEDIATE", https://www.sqlite.org/lang_transaction.html).
    """

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout = {int(times.lock_seconds * 1000)}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
