"""The parent with real child processes that beat, die, freeze and drain as told."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sternik.settings import load_settings
from sternik.supervisor import EXIT_CONFIGURATION, EXIT_TRY_AGAIN, Supervisor
from sternik.worker import Worker
from tests.waiting import until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
LIMIT_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    pid: int
    at_seconds: float
    what: str


class Diary:
    """What the tiny workers did."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "diary"
        self.path.touch()

    def entries(self, what: str) -> list[Entry]:
        lines = [line.split(" ", 2) for line in self.path.read_text().splitlines()]
        return [
            Entry(pid=int(pid), at_seconds=float(at), what=did)
            for pid, at, did in lines
            if did == what
        ]

    async def until(self, what: str, count: int = 1) -> list[Entry]:
        await until(lambda: len(self.entries(what)) >= count, seconds=15.0, look_again_seconds=0.02)
        return self.entries(what)


@pytest.fixture
def diary(tmp_path: Path) -> Diary:
    return Diary(tmp_path)


@asynccontextmanager
async def supervising(
    mode: str, diary: Diary
) -> AsyncIterator[tuple[Supervisor, asyncio.Task[int]]]:
    supervisor = Supervisor(
        load_settings(heartbeat_limit_seconds=LIMIT_SECONDS),
        command=(sys.executable, str(HERE / "tiny_worker.py"), mode, str(diary.path)),
    )
    running = asyncio.create_task(supervisor.run())
    try:
        yield supervisor, running
    finally:
        while not running.done():
            supervisor.stop()
            await asyncio.wait({running}, timeout=0.1)


async def result(running: asyncio.Task[int]) -> int:
    async with asyncio.timeout(10):
        return await running


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        os.kill(pid, 0)
        return (Path("/proc") / str(pid) / "stat").read_text().split(") ")[1][0] != "Z"
    return False


async def test_a_worker_without_heartbeat_is_killed_soon_after_the_limit_and_replaced(
    diary: Diary,
) -> None:
    async with supervising("freezes", diary):
        (frozen, *_) = await diary.until("frozen")
        assert is_alive(frozen.pid)
        await until(lambda: not is_alive(frozen.pid), look_again_seconds=0.01)
        silent_seconds = asyncio.get_running_loop().time() - frozen.at_seconds
        assert LIMIT_SECONDS - 0.1 <= silent_seconds < 2 * LIMIT_SECONDS
        started = await diary.until("started", 2)
        assert started[1].pid != frozen.pid


async def test_a_worker_that_beats_is_left_alone(diary: Diary) -> None:
    async with supervising("steady", diary):
        beats = await diary.until("beat", 40)
        assert len({beat.pid for beat in beats}) == 1
        assert beats[-1].at_seconds - beats[0].at_seconds > LIMIT_SECONDS


@pytest.mark.parametrize("code", [0, 1, EXIT_TRY_AGAIN])
async def test_a_worker_that_keeps_dying_is_replaced_more_and_more_slowly(
    diary: Diary, code: int
) -> None:
    async with supervising(str(code), diary):
        started = await diary.until("started", 3)
        pauses = [b.at_seconds - a.at_seconds for a, b in itertools.pairwise(started)]
        assert pauses[0] > 0.4
        assert pauses[1] > 0.9


async def test_a_worker_killed_from_outside_is_replaced(diary: Diary) -> None:
    async with supervising("steady", diary):
        (first,) = (await diary.until("beat"))[:1]
        os.kill(first.pid, signal.SIGKILL)
        second = (await diary.until("started", 2))[1]
        assert second.pid != first.pid
        assert second.at_seconds - first.at_seconds < 3.0


async def test_a_wrong_configuration_ends_the_parent_with_its_code(diary: Diary) -> None:
    async with supervising(str(EXIT_CONFIGURATION), diary) as (_, running):
        assert await result(running) == EXIT_CONFIGURATION
    assert len(diary.entries("started")) == 1


async def test_a_stopped_worker_finishes_its_calls_and_none_follows(diary: Diary) -> None:
    async with supervising("drains", diary) as (supervisor, running):
        await diary.until("beat")
        supervisor.stop()
        (draining,) = await diary.until("draining")
        beats = len(diary.entries("beat"))
        await diary.until("beat", beats + 5)
        assert is_alive(draining.pid)
        diary.path.with_suffix(".finish").touch()
        assert await result(running) == 0
    assert len(diary.entries("finished")) == len(diary.entries("started")) == 1


async def test_a_second_stop_kills_the_worker_at_once(diary: Diary) -> None:
    async with supervising("drains", diary) as (supervisor, running):
        await diary.until("beat")
        supervisor.stop()
        (draining,) = await diary.until("draining")
        supervisor.stop()
        assert await result(running) == 0
        assert not is_alive(draining.pid)
    assert not diary.entries("finished")


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13])
async def test_a_stop_while_the_worker_starts_is_not_lost(diary: Diary, turns: int) -> None:
    async with supervising("steady", diary) as (supervisor, running):
        for _ in range(turns):
            await asyncio.sleep(0)
        supervisor.stop()
        assert await result(running) == 0


async def test_a_stop_between_two_workers_starts_none(diary: Diary) -> None:
    async with supervising("1", diary) as (supervisor, running):
        await diary.until("started", 2)
        await until(lambda: not is_alive(diary.entries("started")[-1].pid))
        supervisor.stop()
        assert await result(running) == 0


# --- the parent's own fate ------------------------------------------------------------------------


@asynccontextmanager
async def parent(diary: Diary) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "tiny_parent.py"),
        "steady",
        str(diary.path),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await diary.until("parent gone")


async def test_a_worker_notices_that_its_parent_is_gone(diary: Diary) -> None:
    async with parent(diary) as process:
        (beat, *_) = await diary.until("beat")
        process.kill()
        await process.wait()
        (gone,) = await diary.until("parent gone")
        assert gone.pid == beat.pid


async def test_a_parent_that_was_stopped_itself_does_not_blame_its_worker(diary: Diary) -> None:
    async with parent(diary) as process:
        await diary.until("beat")
        process.send_signal(signal.SIGSTOP)
        beats = await diary.until("beat", len(diary.entries("beat")) + 20)  # three limits
        process.send_signal(signal.SIGCONT)
        beats = await diary.until("beat", len(beats) + 20)
        assert len({beat.pid for beat in beats}) == 1


async def test_the_real_worker_stops_serving_when_nobody_reads_its_heartbeat() -> None:
    reading, writing = os.pipe()
    worker = Worker(load_settings(), heartbeat_descriptor=writing)
    beating = asyncio.create_task(worker._beat())
    assert await asyncio.to_thread(os.read, reading, 1) == b"."
    os.close(reading)
    async with asyncio.timeout(5):
        await beating
    assert worker._stopping.is_set()
    os.close(writing)
