"""The real `sternik serve`: parent, worker, model and recogniser, but no Asterisk."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from sternik.rehearsal.hotline import private_settings
from sternik.rehearsal.server_process import ServerProcess
from tests.waiting import until


def server_in(folder: Path, **overrides: object) -> ServerProcess:
    settings = private_settings(folder, **{"ami_port": 0, **overrides})
    return ServerProcess(settings, log_file=folder / "sternik.log")


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    return False


async def test_it_serves_until_asked_to_stop_and_leaves_no_process(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    async with server:
        (worker,) = server.worker_pids
        began = time.monotonic()
    assert time.monotonic() - began < 5.0
    assert not is_alive(worker)


async def test_a_killed_worker_is_replaced_and_a_killed_parents_worker_ends(tmp_path: Path) -> None:
    async with server_in(tmp_path) as server:
        (first,) = server.worker_pids
        os.kill(first, signal.SIGKILL)
        await until(
            lambda: server.worker_pids and server.worker_pids != [first],
            seconds=20,
            look_again_seconds=0.05,
        )
        (second,) = server.worker_pids
        await server._until_ready(server._process)
        os.kill(server.parent_pid, signal.SIGKILL)
        await until(lambda: not is_alive(second), seconds=20, look_again_seconds=0.05)


async def test_a_port_in_use_ends_it_with_plain_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]  # bound, not listening: nothing answers there
        with pytest.raises(ConfigurationError) as caught:
            async with server_in(tmp_path, agi_port=port):
                pass
    assert caught.value.problem == "Sternik cannot start"
    assert f"cannot listen for AGI on 127.0.0.1:{port}" in caught.value.advice
    assert "STERNIK_AGI_PORT" in caught.value.advice


@pytest.mark.parametrize(
    ("setting", "named"),
    [("policy_file", "nowhere"), ("models_folder", "nowhere"), ("dialplan_folder", "nowhere")],
)
async def test_a_missing_file_ends_it_with_plain_words(
    tmp_path: Path, setting: str, named: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with server_in(tmp_path, **{setting: tmp_path / named}):
            pass
    assert caught.value.problem == "Sternik cannot start"
    assert named in caught.value.advice
    assert "Traceback" not in caught.value.advice


async def test_a_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    server = server_in(tmp_path)
    starting = asyncio.create_task(server.__aenter__())
    await until(lambda: server._process is not None)
    parent = server.parent_pid
    starting.cancel()
    await asyncio.wait({starting})
    assert not is_alive(parent)
