"""Both engines for the same tests; PostgreSQL is a private server of Debian's own programs."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from ivr.store.opening import Store, open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROGRAMS = "/usr/lib/postgresql"
NOT_INSTALLED = (
    "PostgreSQL's server programs are not under /usr/lib/postgresql/*/bin: "
    "install Debian's package `postgresql` (apt-get install postgresql)"
)
PASSWORD = "secret"  # noqa: S105 - of a server that lives as long as the tests
SERVER_SETTINGS = "fsync=off shared_buffers=16MB max_connections=60"


@dataclass(kw_only=True)
class PostgreSQLServer:
    """One cluster in a folder of its own, on a free loopback port."""

    programs: Path
    folder: Path
    port: int
    databases: int = 0

    def run(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_postgres, str(self.programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            timeout=60,
        )

    def create_cluster(self) -> None:
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            os.chown(password_file, owner.pw_uid, owner.pw_gid)
        self.run(
            "initdb",
            *(f"--pgdata={self.folder}/data", "--username=sternik", "--auth=scram-sha-256"),
            *(f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C", "--no-sync"),
        )

    def start(self) -> None:
        settings = "".join(f" -c {setting}" for setting in SERVER_SETTINGS.split())
        where = f"-p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}"
        log = f"--log={self.folder}/server.log"
        options = f"--options={where}{settings}"
        self.run("pg_ctl", "start", "--wait", f"--pgdata={self.folder}/data", log, options)

    def stop(self) -> None:
        """Break all connections at once, as a crash does."""
        self.run("pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={self.folder}/data")

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"postgresql+asyncpg://sternik:{password}@127.0.0.1:{self.port}/{database}"

    async def connect(self, database: str = "postgres") -> asyncpg.Connection:
        plain = self.url(database).replace("+asyncpg", "")
        return await asyncpg.connect(plain, timeout=10)

    async def create_database(self) -> str:
        self.databases += 1
        name = f"test_{self.databases}"
        connection = await self.connect()
        await connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        await connection.close()
        return name


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQLServer]:
    found = sorted(Path(PROGRAMS).glob("*/bin/initdb"))
    assert found, NOT_INSTALLED
    folder = Path(tempfile.mkdtemp(prefix="sternik-pg-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = PostgreSQLServer(programs=found[-1].parent, folder=folder, port=port)
    try:
        server.create_cluster()
        server.start()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


@pytest.fixture
async def postgresql_url(postgresql_server: PostgreSQLServer) -> str:
    return postgresql_server.url(await postgresql_server.create_database())


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path}/var/sternik.sqlite3"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database; every test that asks for it runs on both engines."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await open_store(url)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
async def _no_task_is_left() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if not task.done()}
    left.discard(asyncio.current_task())
    assert not left
