"""The recogniser processes of a hotline's worker, and when callers are heard by them again."""

from __future__ import annotations

import asyncio

import psutil

from ivr.ports import EventKind
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from tests.asterisk.callers import ring

HEARD_AGAIN_SECONDS = 30.0


def recognisers_of(hotline: Rehearsal) -> list[psutil.Process]:
    """The processes that serve now, whatever the engine."""
    (worker,) = hotline.server.worker_pids
    found = [
        child
        for child in psutil.Process(worker).children()
        if "ivr.models.recogniser_process" in child.cmdline()
    ]
    assert found
    return found


async def until_heard_again(phone: Softphone, hotline: Rehearsal) -> None:
    """Ring again and again; a caller whom nothing can hear is welcomed with the keys."""
    async with asyncio.timeout(HEARD_AGAIN_SECONDS):
        while True:
            caller = await ring(phone, hotline)
            began = await caller.until(EventKind.PROMPT_STARTED)
            await caller.call.hang_up()
            if began.data["prompt"] == "greeting":
                return
