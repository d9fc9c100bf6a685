"""What a database driver's error means for an administrator, and what they can do about it."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncpg.exceptions import PostgresError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ivr.errors import ConfigurationError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProblem:
    """A database's failure in words.

    `is_passing` tells those that end without anybody changing the configuration.
    """

    text: str
    advice: str
    is_passing: bool


_SQLITE_PROBLEMS = {
    sqlite3.SQLITE_BUSY: StoreProblem(
        text="the database file is locked by another program",
        advice="end the program that holds it (a backup, a database browser); writing resumes then",
        is_passing=True,
    ),
    sqlite3.SQLITE_FULL: StoreProblem(
        text="the disk that holds the database is full",
        advice="free some space on it; writing resumes by itself",
        is_passing=True,
    ),
    sqlite3.SQLITE_READONLY: StoreProblem(
        text="the database file or its folder is read-only",
        advice="give the user who runs Sternik write permission on the file and on its folder",
        is_passing=False,
    ),
    sqlite3.SQLITE_CANTOPEN: StoreProblem(
        text="the database file cannot be opened",
        advice="check that the path exists and that the user who runs Sternik may write there",
        is_passing=False,
    ),
    sqlite3.SQLITE_IOERR: StoreProblem(
        text="the disk that holds the database fails to read or write",
        advice="check the disk (its quota, its mount, the kernel's log)",
        is_passing=True,
    ),
    sqlite3.SQLITE_NOTADB: StoreProblem(
        text="the file is not an SQLite database",
        advice="name another file in the store's URL, or move this one away",
        is_passing=False,
    ),
    sqlite3.SQLITE_CORRUPT: StoreProblem(
        text="the database file is damaged",
        advice="move it away and restore a backup; `sqlite3 FILE .recover` may save the rest",
        is_passing=False,
    ),
}
_SQLITE_PROBLEMS[sqlite3.SQLITE_LOCKED] = _SQLITE_PROBLEMS[sqlite3.SQLITE_BUSY]

_POSTGRESQL_PROBLEMS = {
    "28": StoreProblem(
        text="PostgreSQL refuses this user name or password",
        advice="correct them in the store's URL, or allow this host in pg_hba.conf",
        is_passing=False,
    ),
    "3D": StoreProblem(
        text="PostgreSQL has no database of this name",
        advice="create it (`createdb --owner USER NAME`) or correct the store's URL",
        is_passing=False,
    ),
    "42501": StoreProblem(
        text="the PostgreSQL user lacks a permission",
        advice="make this user the owner of the database",
        is_passing=False,
    ),
    "25006": StoreProblem(
        text="this PostgreSQL server takes no writes (a standby)",
        advice="name the primary server in the store's URL",
        is_passing=True,
    ),
    "53100": StoreProblem(
        text="the disk of the PostgreSQL server is full",
        advice="free some space on it; writing resumes by itself",
        is_passing=True,
    ),
    "53300": StoreProblem(
        text="PostgreSQL has no connection left",
        advice="raise max_connections, or end other clients",
        is_passing=True,
    ),
    "53": StoreProblem(
        text="the PostgreSQL server is short of memory or disk",
        advice="give the server more of it; its log says of what",
        is_passing=True,
    ),
    "57": StoreProblem(
        text="PostgreSQL is starting, stopping or ended this connection",
        advice="wait for the server; writing resumes by itself",
        is_passing=True,
    ),
    "55": StoreProblem(
        text="something else holds a lock in PostgreSQL for too long",
        advice="look for long transactions in pg_stat_activity",
        is_passing=True,
    ),
    "40": StoreProblem(
        text="PostgreSQL rolled the transaction back in favour of another",
        advice="nothing to do; it is tried again",
        is_passing=True,
    ),
    "08": StoreProblem(
        text="the connection to PostgreSQL broke",
        advice="check that the server runs; writing resumes by itself",
        is_passing=True,
    ),
}

_UNREACHABLE = StoreProblem(
    text="the database server does not answer",
    advice="check that it runs, and the host and port in the store's URL",
    is_passing=True,
)


def explain(error: BaseException) -> StoreProblem | None:
    """The problem behind an error, or None when the database is not to blame for it."""
    for cause in _chain(error):
        problem = _explain_one(cause)
        if problem is not None:
            return problem
    return None


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise a driver's errors as `StoreUnavailableError`; `where` names the database.

    Errors that are not the database's fault (a value it cannot take) pass as they are.
    """
    try:
        yield
    except (DBAPIError, PostgresError, PoolTimeoutError, OSError) as error:
        problem = explain(error)
        if problem is None:
            raise
        raise StoreUnavailableError(f"{where}: {problem.text}; {problem.advice}") from error


@contextmanager
def translated_at_start(where: str) -> Iterator[None]:
    """As `translated`, but what an administrator must correct is a `ConfigurationError`.

    A server that does not answer counts as such: most often its address is wrong.
    """
    try:
        yield
    except (DBAPIError, PostgresError, PoolTimeoutError, OSError) as error:
        problem = explain(error)
        if problem is None:
            raise
        if problem.is_passing and problem is not _UNREACHABLE:
            raise StoreUnavailableError(f"{where}: {problem.text}; {problem.advice}") from error
        raise ConfigurationError(problem.text, advice=problem.advice, where=where) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        original = getattr(seen, "orig", None)
        seen = original or seen.__cause__


def _explain_one(error: BaseException) -> StoreProblem | None:
    if isinstance(error, sqlite3.Error):
        # The low byte is the primary code: https://www.sqlite.org/rescode.html
        return _SQLITE_PROBLEMS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return _POSTGRESQL_PROBLEMS.get(state) or _POSTGRESQL_PROBLEMS.get(state[:2])
    if isinstance(error, OSError | TimeoutError | PoolTimeoutError):
        return _UNREACHABLE
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _POSTGRESQL_PROBLEMS["08"]
    if isinstance(error, InterfaceError | OperationalError) and error.orig is None:
        return _UNREACHABLE
    return None
