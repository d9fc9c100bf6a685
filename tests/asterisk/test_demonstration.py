"""`make run`'s demonstration: what it is worth as an exit code, and what Ctrl-C leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import psutil
import pytest

from ivr.ports import EventKind
from sternik.rehearsal.demonstration import EXPECTED_QUEUE
from sternik.rehearsal.hotline import Rehearsal, private_settings
from sternik.rehearsal.server_process import environment
from sternik.softphone import Softphone
from tests.asterisk.callers import ring

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROJECT = Path(__file__).parents[2]
ENDS_SECONDS = 90.0


async def start_demonstration(folder: Path, *arguments: str, policy: Path | None = None) -> Process:
    """`sternik demo` in `folder`, with ports of its own, in a session of its own."""
    folder.mkdir()
    settings = private_settings(
        folder,
        dialplan_folder=PROJECT / "dialplan",
        policy_file=policy or PROJECT / "dialplan" / "steering.yaml",
        models_folder=PROJECT / "var" / "models",
        prompts_folder=PROJECT / "var" / "prompts",
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sternik",
        "demo",
        *arguments,
        cwd=folder,
        env={**os.environ, **environment(settings), "PYTHONPATH": str(PROJECT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def finish(demonstration: Process) -> tuple[int | None, str]:
    async with asyncio.timeout(ENDS_SECONDS):
        output, _ = await demonstration.communicate()
    return demonstration.returncode, output.decode()


async def test_it_ends_with_0_when_the_right_queue_answered(
    prepared: None, short_folder: Path
) -> None:
    code, said = await finish(await start_demonstration(short_folder / "right", "--once"))
    assert code == 0, said
    assert f"steered to {EXPECTED_QUEUE} and answered there" in said
    assert "listens (en)" in said
    order = ["rings", "answers", "greeting", "heard     “", "because", "waits in", "answers from"]
    places = [said.index(word) for word in order]
    assert places == sorted(places), said


async def test_it_ends_with_1_when_another_queue_answered(
    prepared: None, short_folder: Path
) -> None:
    policy = short_folder / "elsewhere.yaml"
    shipped = (PROJECT / "dialplan" / "steering.yaml").read_text("utf-8")
    policy.write_text(
        shipped.replace("    queue: cards-urgent\n", "    queue: branches\n"), "utf-8"
    )
    demonstration = await start_demonstration(short_folder / "wrong", "--once", policy=policy)
    code, said = await finish(demonstration)
    assert code == 1, said
    assert "it was steered to branches and answered from branches" in " ".join(said.split())


async def test_ctrl_c_stops_all_that_it_started_and_nothing_else(
    hotline: Rehearsal, short_folder: Path
) -> None:
    demonstration = await start_demonstration(short_folder / "stopped")
    assert demonstration.stdout is not None
    async with asyncio.timeout(ENDS_SECONDS):
        while b"Ctrl-C stops everything" not in (line := await demonstration.stdout.readline()):
            assert line, "it ended before it served"
    started = psutil.Process(demonstration.pid).children(recursive=True)
    assert len(started) >= 4  # Asterisk, parent, worker, recogniser
    os.killpg(demonstration.pid, signal.SIGINT)
    code, said = await finish(demonstration)
    assert code == 0, said
    assert "Traceback" not in said
    assert [process for process in started if process.is_running()] == []
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        await caller.call.press("2")
        event = await caller.until(EventKind.AGENT_CONNECTED)
        await caller.call.hang_up()
    assert event.data["queue"] == "cards"
