"""Bringing a database to this program's tables, and refusing one that belongs to another.

A database that is up to date, the usual case, is known by one look; Alembic (8 MB, 0.3 s) is only
loaded for the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

if TYPE_CHECKING:
    from sqlalchemy import Connection

NEWEST_VERSION = "0001"
"""Of the tables: the newest revision in `ivr/store/migrations/versions`."""

_TABLE = "alembic_version"


def upgrade_schema(connection: Connection, where: str) -> None:
    """Apply the missing steps within the connection's transaction.

    Several programs may do so at once; the first does it, the others wait and find it done.
    Raises `ConfigurationError` for a database that a newer Sternik or another program made.
    """
    if not _is_newest(connection):
        from ivr.store.migration import upgrade  # noqa: PLC0415  (see above)

        upgrade(connection, where)


def check_schema(connection: Connection, where: str) -> None:
    """Raise `ConfigurationError` unless the database has exactly this program's tables."""
    if not _is_newest(connection):
        from ivr.store.migration import refuse  # noqa: PLC0415  (see above)

        refuse(connection, where)


def _is_newest(connection: Connection) -> bool:
    if not inspect(connection).has_table(_TABLE):
        return False
    return connection.scalars(text(f"SELECT version_num FROM {_TABLE}")).all() == [NEWEST_VERSION]  # noqa: S608
