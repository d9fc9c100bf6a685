"""A real Asterisk, a real Sternik and real SIP callers; one hotline for a whole session of tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from sternik.asterisk.programs import AsteriskPrograms, find_asterisk
from sternik.rehearsal.hotline import Rehearsal, private_settings
from sternik.settings import load_settings
from tests.asterisk import figures
from tests.asterisk.asterisk_events import WATCHER
from tests.asterisk.korean_site import prepare_korean_site

AGENTS = 12
WATCHING_AMI_USER = f"""
[{WATCHER}]
#include "site/manager_secret.conf"
read = call,agent,dialplan
writetimeout = 5000
"""


@pytest.fixture(scope="session")
def programs() -> AsteriskPrograms:
    found = find_asterisk()
    if found is None:
        pytest.fail("no Asterisk: run `make setup` first", pytrace=False)
    return found


@pytest.fixture(scope="session")
def prepared() -> None:
    settings = load_settings()
    if not (settings.models_folder / "en" / "current").exists():
        pytest.fail("no steering model: run `make setup` first", pytrace=False)
    if not (settings.prompts_folder / "en" / "greeting.wav").exists():
        pytest.fail("no prompts: run `make setup` first", pytrace=False)


@pytest.fixture(scope="session")
def korean_site(short_folder: Path) -> dict[str, object]:
    """The settings of a hotline that Vosk listens to, trained and spoken for the tests."""
    return prepare_korean_site(short_folder / "ko")


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """Asterisk's control socket needs a short path; pytest's own folders are too deep."""
    folder = Path(tempfile.mkdtemp(prefix="sternik-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@asynccontextmanager
async def hotline_in(
    folder: Path,
    programs: AsteriskPrograms,
    *,
    overrides: Mapping[str, object] | None = None,
    **options: object,
) -> AsyncIterator[Rehearsal]:
    """A hotline of its own below `folder`; `overrides` are settings, `options` those of `Rehearsal`.

    Whatever is done to it, its server must never have come to a traceback.
    """
    folder.mkdir()
    given = {"store_partial_words": True, **(overrides or {})}
    shipped = given.get("dialplan_folder", load_settings().dialplan_folder)
    dialplan = _watched_dialplan(Path(str(shipped)), folder)
    async with Rehearsal(
        settings=private_settings(folder, **{**given, "dialplan_folder": dialplan}),
        folder=folder,
        programs=programs,
        **{"agents": AGENTS, "ring_seconds": 0.2, **options},  # type: ignore[arg-type]
    ) as hotline:
        yield hotline
    log = hotline.server.log_file.read_text("utf-8")
    assert "Traceback" not in log, log
    messages = (folder / "asterisk" / "log" / "messages").read_text("utf-8", "replace")
    assert "not registered" not in messages, "a module is missing in modules.conf"


def _watched_dialplan(shipped: Path, folder: Path) -> Path:
    """The dialplan as it is, and one AMI user more, who sees what tests look at."""
    copied = shutil.copytree(shipped, folder / "dialplan")
    with (copied / "manager.conf").open("a", encoding="utf-8") as manager:
        manager.write(WATCHING_AMI_USER)
    return copied


@asynccontextmanager
async def hotline_with_own_prompts(
    folder: Path, programs: AsteriskPrograms, **options: object
) -> AsyncIterator[Rehearsal]:
    """As `hotline_in`, with a copy of the prompts that a test may change."""
    prompts = folder.with_name(f"{folder.name}-prompts")
    shutil.copytree(load_settings().prompts_folder, prompts)
    overrides = {"prompts_folder": prompts}
    async with hotline_in(folder, programs, overrides=overrides, **options) as hotline:
        yield hotline


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if figures.measured:
        terminalreporter.section("measured")
        for line in figures.measured:
            terminalreporter.line(line)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def hotline(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    """The hotline that all tests share which do not break it."""
    async with hotline_in(short_folder / "shared", programs) as shared:
        yield shared
