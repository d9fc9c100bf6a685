"""The steps from an older database to this program's tables, by Alembic; see `ivr.store.schema`."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from ivr.errors import ConfigurationError

CONNECTION = "connection"
_MIGRATIONS_LOCK = 5_311_207_714  # any number that no other user of the server's locks takes


def upgrade(connection: Connection, where: str) -> None:
    """Apply the missing steps within the connection's transaction.

    Several programs may do so at once; the first does it, the others wait and find it done.
    Raises `ConfigurationError` for a database that a newer Sternik or another program made.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _MIGRATIONS_LOCK})
    with as_file(files("ivr.store.migrations")) as folder:
        config = _config(str(folder))
        _refuse_what_is_not_ours(connection, ScriptDirectory.from_config(config), where)
        config.attributes[CONNECTION] = connection
        command.upgrade(config, "head")


def refuse(connection: Connection, where: str) -> None:
    """Raise `ConfigurationError` for a database that has not exactly this program's tables."""
    with as_file(files("ivr.store.migrations")) as folder:
        scripts = ScriptDirectory.from_config(_config(str(folder)))
        _refuse_what_is_not_ours(connection, scripts, where)
        found, expected = _revision(connection), scripts.get_current_head()
    if found != expected:
        raise ConfigurationError(
            f"its tables are of version {found or 'none'}, this program needs {expected}",
            advice="back it up, then start a Sternik of this version that may upgrade it",
            where=where,
        )


def _config(folder: str) -> Config:
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _refuse_what_is_not_ours(connection: Connection, scripts: ScriptDirectory, where: str) -> None:
    found = _revision(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if found is None and inspect(connection).get_table_names():
        raise ConfigurationError(
            "the database holds tables of another program",
            advice="give Sternik a database of its own",
            where=where,
        )
    if found is not None and found not in known:
        raise ConfigurationError(
            f"a newer Sternik made its tables (version {found}, this program knows {max(known)})",
            advice="install that newer Sternik, or restore the backup from before its upgrade",
            where=where,
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
