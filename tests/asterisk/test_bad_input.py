"""What is wrong around Sternik is told with advice, and calls are steered all the same."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sqlite3
import sys
import wave
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from pydantic import SecretStr

from ivr.ports import EventKind
from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal, private_settings
from sternik.rehearsal.server_process import ServerProcess, environment
from sternik.settings import Settings
from sternik.softphone import Softphone
from sternik.supervisor import EXIT_CONFIGURATION
from tests.asterisk.asterisk_events import asterisk_events, until_no_channel_is_left
from tests.asterisk.callers import Caller, ring
from tests.asterisk.conftest import hotline_with_own_prompts

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROJECT = Path(__file__).parents[2]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def troubled(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    async with hotline_with_own_prompts(short_folder / "troubled", programs) as hotline:
        yield hotline


async def _steered_by_key(hotline: Rehearsal) -> Caller:
    """Choose the cards' queue by key; the answer is seen in Asterisk, whatever the store can do."""
    async with Softphone() as phone, asterisk_events(hotline) as events:
        caller = await ring(phone, hotline)
        await caller.press("2")
        assert await events.queue_of_answer(caller.number, seconds=15.0) == "cards"
        left = await events.leaves_steering(caller.number, seconds=1.0)
        assert left.fields["Exten"] == "cards", "Sternik did not steer, the static menu did"
        await caller.call.hang_up()
    await until_no_channel_is_left(hotline)
    return caller


async def _logged(log_file: Path, text: str, *, seconds: float = 15.0) -> str:
    """Wait until the log says so; returns that line."""
    async with asyncio.timeout(seconds):
        while True:
            for line in await asyncio.to_thread(_lines, log_file):
                if text in line:
                    return line


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").splitlines()


# --- beside a running call ------------------------------------------------------------------------


async def test_wrong_ami_password_is_told_once_with_advice_and_calls_are_steered(
    troubled: Rehearsal, tmp_path: Path
) -> None:
    await troubled.server.stop()
    wrong = troubled.settings.model_copy(update={"ami_secret": SecretStr("wrong")})
    log_file = tmp_path / "sternik.log"
    try:
        async with ServerProcess(wrong, log_file=log_file):
            line = await _logged(log_file, "AMI refuses the login")
            caller = await _steered_by_key(troubled)
            await caller.until(EventKind.CALL_STEERED)
    finally:
        await troubled.server.start()
    assert "STERNIK_AMI_SECRET" in line
    assert "manager.conf" in line
    about_ami = [line for line in _lines(log_file) if "ami" in line.lower()]
    assert about_ami == [line]
    assert "wrong" not in log_file.read_text("utf-8")


async def test_call_is_steered_while_another_program_locks_the_database(
    troubled: Rehearsal,
) -> None:
    with _database_locked(troubled.settings):
        caller = await _steered_by_key(troubled)
        line = await _logged(troubled.server.log_file, "store unavailable, events wait")
        assert "locked by another program" in line
        assert "backup" in line
        assert await troubled.store.event_log.last_position() == caller.position
    ended = await caller.story_until(EventKind.CALL_ENDED)
    assert [event.kind for event in ended].count(EventKind.CALL_STEERED) == 1
    await _logged(troubled.server.log_file, "store is back")


async def test_call_is_steered_while_the_database_cannot_grow(troubled: Rehearsal) -> None:
    (worker,) = troubled.server.worker_pids
    log_bytes = troubled.server.log_file.stat().st_size
    with _files_limited(worker, to_bytes=log_bytes + 16 * 1024):
        caller = await _steered_by_key(troubled)
        line = await _logged(troubled.server.log_file, "fails to read or write")
        assert "store unavailable, events wait" in line
        assert "quota" in line
    ended = await caller.story_until(EventKind.CALL_ENDED)
    assert [event.kind for event in ended].count(EventKind.CALL_STEERED) == 1


async def test_unusable_prompts_are_skipped_and_named_with_advice(troubled: Rehearsal) -> None:
    folder = troubled.settings.prompts_folder / "en"
    damaged, fast = folder / "greeting.wav", folder / "connecting_cards.wav"
    kept = {path: path.read_bytes() for path in (damaged, fast)}
    damaged.write_bytes(b"RIFF, but no more of a sound than this")
    _write_wav(fast, rate_hz=16_000)
    await _steered_by_key(troubled)
    log_file = troubled.server.log_file
    assert "prompt unusable" in await _logged(log_file, str(damaged))
    line = await _logged(log_file, str(fast))
    assert "16000 Hz" in line
    assert "sox" in line
    for path, sound in kept.items():
        path.write_bytes(sound)
    async with Softphone() as phone:
        caller = await ring(phone, troubled)
        await caller.until(EventKind.PROMPT_STARTED, prompt="greeting")
        await caller.call.hang_up()


@contextmanager
def _database_locked(settings: Settings) -> Iterator[None]:
    path = settings.database_url.partition("///")[2]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _files_limited(pid: int, *, to_bytes: int) -> Iterator[None]:
    """No file of the process may grow beyond this, as under a quota that is used up."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (to_bytes, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _write_wav(path: Path, *, rate_hz: int) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(bytes(2 * rate_hz))


# --- at the start ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and all it said."""

    code: int
    said: str
    pid: int


async def _sternik(*arguments: str, variables: Mapping[str, str]) -> Ended:
    """Run the command as a user would."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sternik",
        *arguments,
        cwd=PROJECT,
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(60.0):
            said, _ = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, 9)
        raise
    assert process.returncode is not None
    return Ended(code=process.returncode, said=said.decode("utf-8", "replace"), pid=process.pid)


def _processes_of_session(pid: int) -> list[int]:
    found = []
    for process in psutil.pids():
        try:
            if os.getsid(process) == pid:
                found.append(process)
        except ProcessLookupError:
            continue
    return found


@contextmanager
def _port_taken(kind: socket.SocketKind) -> Iterator[int]:
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            other.listen()
        yield other.getsockname()[1]


def _told(said: str, *texts: str) -> None:
    for text in texts:
        assert text in said
    assert "Traceback" not in said


async def test_server_names_a_taken_agi_port_and_ends_with_the_code_for_configuration(
    prepared: None, tmp_path: Path
) -> None:
    with _port_taken(socket.SOCK_STREAM) as port:
        settings = private_settings(tmp_path, agi_port=port, ami_port=0)
        ended = await _sternik("serve", variables=environment(settings))
    assert ended.code == EXIT_CONFIGURATION
    _told(ended.said, f"127.0.0.1:{port}", "ss -ltnp", "STERNIK_AGI_PORT")
    assert not _processes_of_session(ended.pid)


async def test_server_without_a_model_says_how_to_make_one(tmp_path: Path) -> None:
    settings = private_settings(tmp_path, models_folder=tmp_path / "models", ami_port=0)
    ended = await _sternik("serve", variables=environment(settings))
    assert ended.code == EXIT_CONFIGURATION
    _told(ended.said, str(tmp_path / "models"), "sternik train")


@pytest.mark.parametrize(
    ("variable", "kind"),
    [("sip_port", socket.SOCK_DGRAM), ("ami_port", socket.SOCK_STREAM)],
)
async def test_demonstration_names_a_taken_port_and_leaves_nothing_running(
    prepared: None, tmp_path: Path, variable: str, kind: socket.SocketKind
) -> None:
    with _port_taken(kind) as port:
        settings = private_settings(tmp_path, **{variable: port})
        ended = await _sternik("demo", "--once", variables=environment(settings))
    assert ended.code == 1
    name = f"STERNIK_{variable.upper()}"
    _told(ended.said, f"port {port}", name, f"{name}={port + 1000} make run")
    assert not _processes_of_session(ended.pid)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("noise.wav", bytes(range(256)) * 40, "not a wav file"),
        ("notes.txt", b"I forgot my PIN\n", "not a wav file"),
        ("empty.wav", b"", "empty"),
        ("cut.wav", b"RIFF\x24\x00\x00\x00WAVEfmt \x10", "cut off"),
        (None, b"", "No such file"),
    ],
    ids=["noise", "text", "empty", "cut off", "missing"],
)
async def test_call_with_an_unusable_file_says_what_is_wrong(
    tmp_path: Path, name: str | None, content: bytes, told: str
) -> None:
    file = tmp_path / (name or "missing.wav")
    if name:
        file.write_bytes(content)
    ended = await _sternik("call", str(file), variables=environment(private_settings(tmp_path)))
    assert ended.code == 1
    _told(ended.said, str(file), told)
