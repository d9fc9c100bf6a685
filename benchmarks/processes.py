"""What each part of a hotline takes of the machine: processor time and memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum

import psutil

from sternik.rehearsal.hotline import Rehearsal

MIB = 2**20


class Part(StrEnum):
    """Who takes it. The callers (and the agents) are the load generator: this very process."""

    PARENT = "Sternik's parent"
    WORKER = "Sternik's worker"
    RECOGNISERS = "recognisers"
    ASTERISK = "Asterisk"
    CALLERS = "callers"


STERNIK = (Part.PARENT, Part.WORKER, Part.RECOGNISERS)


def processes_of(hotline: Rehearsal) -> Mapping[Part, list[psutil.Process]]:
    """The processes that run now, by part."""
    (worker,) = hotline.server.worker_pids
    assert hotline.asterisk.pid is not None
    asterisk = psutil.Process(hotline.asterisk.pid)
    return {
        Part.PARENT: [psutil.Process(hotline.server.parent_pid)],
        Part.WORKER: [psutil.Process(worker)],
        Part.RECOGNISERS: psutil.Process(worker).children(recursive=True),
        Part.ASTERISK: [asterisk, *asterisk.children(recursive=True)],
        Part.CALLERS: [psutil.Process()],
    }


class CpuMeter:
    """Shares of a core, by part, since it was made; processes that came or went meanwhile count too.

    What a process that went had used in its last moments is lost.
    """

    def __init__(self, hotline: Rehearsal) -> None:
        self._hotline = hotline
        self._before = _cpu_seconds(hotline)
        self._since = time.monotonic()

    def read(self) -> Mapping[Part, float]:
        """1.0 is one core, all the time."""
        passed = time.monotonic() - self._since
        used = dict.fromkeys(Part, 0.0)
        for (part, pid), seconds in _cpu_seconds(self._hotline).items():
            used[part] += (seconds - self._before.get((part, pid), 0.0)) / passed
        return used


def _cpu_seconds(hotline: Rehearsal) -> Mapping[tuple[Part, int], float]:
    found: dict[tuple[Part, int], float] = {}
    for part, processes in processes_of(hotline).items():
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                found[part, process.pid] = times.user + times.system
    return found


async def memory_mib(hotline: Rehearsal) -> Mapping[Part, float]:
    """Proportional set size by part, in MiB: shared pages are divided among those who share them."""
    return await asyncio.to_thread(_memory_mib, processes_of(hotline))


def _memory_mib(processes: Mapping[Part, list[psutil.Process]]) -> Mapping[Part, float]:
    found = dict.fromkeys(Part, 0.0)
    for part, members in processes.items():
        for process in members:
            with suppress(psutil.NoSuchProcess):
                found[part] += process.memory_full_info().pss / MIB
    return found
