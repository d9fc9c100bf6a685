"""What Asterisk does with each caller's channel, told by AMI at the moment it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sternik.rehearsal.hotline import Rehearsal

WATCHER = "watching-tests"
STATIC_MENU = "sternik-menu"
QUEUES = "sternik-queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskEvent:
    """One AMI event; `at_seconds` is monotonic, when it was read."""

    at_seconds: float
    fields: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.fields.get("Event", "")

    def is_of(self, caller_number: str) -> bool:
        return self.fields.get("CallerIDNum") == caller_number


class AsteriskEvents:
    """All events since it was opened; made by `asterisk_events`."""

    def __init__(self) -> None:
        self._events: list[AsteriskEvent] = []
        self._grown = asyncio.Event()
        self._ended = False

    async def first(
        self, wanted: Callable[[AsteriskEvent], bool], *, seconds: float
    ) -> AsteriskEvent:
        """The first event like that, past or to come; raises `TimeoutError`."""
        looked_at = 0
        async with asyncio.timeout(seconds):
            while True:
                for event in self._events[looked_at:]:
                    if wanted(event):
                        return event
                looked_at = len(self._events)
                assert not self._ended, "AMI ended"
                self._grown.clear()
                await self._grown.wait()

    async def leaves_steering(self, caller_number: str, *, seconds: float) -> AsteriskEvent:
        """The caller's channel enters the static menu or a queue."""

        def entered(event: AsteriskEvent) -> bool:
            context = event.fields.get("Context")
            return (
                event.name == "Newexten"
                and event.is_of(caller_number)
                and context in (STATIC_MENU, QUEUES)
            )

        return await self.first(entered, seconds=seconds)

    async def queue_of_answer(self, caller_number: str, *, seconds: float) -> str:
        """The queue whose agent answered the caller."""

        def connected(event: AsteriskEvent) -> bool:
            return event.name == "AgentConnect" and event.is_of(caller_number)

        return (await self.first(connected, seconds=seconds)).fields["Queue"]

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take in events until the connection ends."""
        fields: dict[str, str] = {}
        while line := await reader.readline():
            name, _, value = line.decode("utf-8", "replace").strip().partition(":")
            if name:
                fields[name] = value.strip()
            elif fields:
                self._events.append(AsteriskEvent(at_seconds=time.monotonic(), fields=fields))
                self._grown.set()
                fields = {}
        self._ended = True
        self._grown.set()


@asynccontextmanager
async def asterisk_events(hotline: Rehearsal) -> AsyncIterator[AsteriskEvents]:
    settings = hotline.settings
    reader, writer = await asyncio.open_connection(settings.ami_host, settings.ami_port)
    secret = settings.ami_secret.get_secret_value()
    login = f"Action: Login\r\nUsername: {WATCHER}\r\nSecret: {secret}\r\n\r\n"
    writer.write(login.encode())
    events = AsteriskEvents()
    reading = asyncio.create_task(events.read(reader))
    try:
        await events.first(
            lambda event: event.fields.get("Message") == "Authentication accepted", seconds=5.0
        )
        yield events
    finally:
        reading.cancel()
        writer.close()
        await asyncio.wait({reading})


async def until_no_channel_is_left(hotline: Rehearsal, *, seconds: float = 10.0) -> None:
    """Wait until Asterisk has no channel; raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while (await hotline.asterisk.command("core show channels concise")).strip():
            pass  # each look takes Asterisk's console some 30 ms
