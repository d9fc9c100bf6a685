"""Agents for demonstrations and tests: telephones that ring for a moment, answer and listen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Self

from sternik.softphone.call import Call
from sternik.softphone.errors import SoftphoneError
from sternik.softphone.incoming_call import IncomingCall
from sternik.softphone.phone import Softphone


class DemonstrationAgents:
    """`count` agents behind one telephone; `addresses` maps their names to SIP addresses.

    Every call is answered after `ring_seconds` and ends when the caller hangs up. `answered` holds the
    calls taken, newest last.
    """

    def __init__(self, *, count: int, host: str = "127.0.0.1", ring_seconds: float = 1.0) -> None:
        self._count = count
        self._host = host
        self._ring_seconds = ring_seconds
        self._phone = Softphone(host=host)
        self._tasks: set[asyncio.Task[None]] = set()
        self.answered: list[Call] = []

    @property
    def addresses(self) -> dict[str, str]:
        """Names of endpoints and where they are reached."""
        return {
            f"agent-{number}": f"sip:agent-{number}@{self._host}:{self._phone.port}"
            for number in range(1, self._count + 1)
        }

    async def __aenter__(self) -> Self:
        await self._phone.__aenter__()
        self._begin(self._take_calls())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._phone.__aexit__(None, None, None)

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take_calls(self) -> None:
        async for offered in self._phone.incoming():
            self._begin(self._answer(offered))

    async def _answer(self, offered: IncomingCall) -> None:
        try:
            await offered.ring()
            await asyncio.sleep(self._ring_seconds)
            self.answered.append(await offered.answer())
        except SoftphoneError:
            return  # the caller hung up while it rang
