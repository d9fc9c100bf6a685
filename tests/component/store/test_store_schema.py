from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from ivr.errors import ConfigurationError
from ivr.store.engine import connect_to
from ivr.store.opening import Store, open_store, upgrade
from ivr.store.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path


async def test_migrations_make_exactly_the_tables_the_program_uses(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    async with store.database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_twice_or_at_the_same_time_is_upgrading_once(url: str) -> None:
    await asyncio.gather(*(upgrade(url) for _ in range(4)))
    await upgrade(url)
    store = await open_store(url, migrate=False)
    assert await store.event_log.read(after=0) == []
    await store.close()


async def test_a_database_of_a_newer_program_is_refused_with_advice(url: str) -> None:
    await _change(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer Sternik") as caught:
        await open_store(url)
    assert "install that newer Sternik" in caught.value.advice


async def test_a_database_of_an_older_program_is_refused_when_it_may_not_be_upgraded(
    url: str,
) -> None:
    with pytest.raises(ConfigurationError, match="version none, this program needs 0001"):
        await open_store(url, migrate=False)


async def test_a_database_of_another_program_is_left_alone(url: str) -> None:
    await _change(url, "DROP TABLE alembic_version")
    with pytest.raises(ConfigurationError, match="tables of another program") as caught:
        await open_store(url)
    assert "database of its own" in caught.value.advice


async def _change(url: str, statement: str) -> None:
    await upgrade(url)
    database = connect_to(url)
    async with database.writer.begin() as connection:
        await connection.execute(text(statement))
    await database.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("not a url", "no database URL"),
        ("mysql://localhost/x", "not in mysql"),
        ("sqlite+aiosqlite://", "names no database"),
        ("postgresql://localhost", "names no database"),
        ("postgresql://u:p@localhost:notaport/x", "no database URL"),
    ],
)
async def test_a_url_that_names_no_database_says_what_to_write(url: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        await open_store(url)
    assert "postgresql+asyncpg://USER:PASSWORD@HOST" in caught.value.advice


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"secret": "wrong"}, "user name or password"),
        ({"sternik:": "nobody:"}, "user name or password"),
        ({"/test_": "/missing_"}, "no database of this name"),
        ({"127.0.0.1": "127.0.0.1:9/x?"}, "does not answer"),
    ],
)
async def test_wrong_postgresql_urls_are_told_apart_without_the_password(
    postgresql_url: str, change: dict[str, str], problem: str
) -> None:
    for old, new in change.items():
        postgresql_url = postgresql_url.replace(old, new)
    postgresql_url = postgresql_url.partition("?")[0]
    with pytest.raises(ConfigurationError, match=problem) as caught:
        await open_store(postgresql_url)
    assert caught.value.advice
    assert "secret" not in str(caught.value)
    assert "wrong" not in caught.value.where


async def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear bank, " * 100)
    with pytest.raises(ConfigurationError, match="not an SQLite database"):
        await open_store(f"sqlite:///{letter}")
    assert letter.read_text() == "Dear bank, " * 100


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        await open_store(f"sqlite:///{tmp_path}/file/sternik.sqlite3")


async def test_the_database_file_is_for_its_owner_only(tmp_path: Path) -> None:
    await upgrade(f"sqlite:///{tmp_path}/sternik.sqlite3")
    assert (tmp_path / "sternik.sqlite3").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(tmp_path / "sternik.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
