"""Place one call as a caller would, and watch what becomes of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from rich.console import Console

from ivr.errors import ConfigurationError
from ivr.ports import EventKind
from ivr.store.event_log import EventLog
from ivr.store.opening import open_store
from ivr.store.records import StoredEvent
from sternik.rehearsal.timeline import render, render_line
from sternik.softphone.call import Call
from sternik.softphone.errors import SoftphoneError
from sternik.softphone.phone import Softphone

_PROMPT_SECONDS = 15.0
_PAUSE_MS = 400.0
_ANSWER_SECONDS = 10.0
_AFTER_SPEECH_SECONDS = 45.0
_TALK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """What the caller will do: ring `number`, wait for the question, say `speech` or press `keys`.

    `speech` is 8 kHz PCM; `said` is how to call it on the screen.
    """

    host: str
    port: int
    number: str
    said: str
    speech: bytes = b""
    keys: str = ""


@dataclass(slots=True, kw_only=True)
class CallOutcome:
    """What became of the call, as the event log tells it."""

    interaction_id: str | None = None
    steered_to: str | None = None
    answered_from: str | None = None


async def watch_placed_call(plan: CallPlan, database_url: str, console: Console) -> CallOutcome:
    """Place the call on a running Sternik that stores in this database. Errors as `place_call`."""
    store = await open_store(database_url, migrate=False)
    try:
        return await place_call(plan, store.event_log, console)
    finally:
        await store.close()


async def place_call(plan: CallPlan, event_log: EventLog, console: Console) -> CallOutcome:
    """Place the call, print its timeline while it happens, hang up two seconds after the answer.

    Raises `ConfigurationError` when there is no Asterisk, or it refuses the call.
    """
    caller_number = f"+48600{random.randint(100_000, 999_999)}"  # noqa: S311
    outcome = CallOutcome()
    position = await event_log.last_position()
    began = time.time()
    async with Softphone(host=plan.host) as phone:
        console.print(render_line(0.0, "caller", f"{caller_number} rings {plan.number}"))
        call = await _answered(phone, plan, caller_number)
        console.print(render_line(time.time() - began, "asterisk", "answers"))
        events = event_log.follow(position)
        watching = asyncio.create_task(
            _watch(events, caller_number, outcome, console, since_seconds=began)
        )
        speaking = asyncio.create_task(_speak(call, plan, console, since_seconds=began))
        try:
            async with asyncio.timeout(_PROMPT_SECONDS + _AFTER_SPEECH_SECONDS):
                await watching
        except TimeoutError:
            console.print(render_line(time.time() - began, "caller", "gives up waiting", "red"))
        finally:
            for task in (watching, speaking):
                task.cancel()
            await asyncio.wait({watching, speaking})
        if outcome.answered_from is not None and not call.ended.is_set():
            await _talk(call)
            console.print(render_line(time.time() - began, "caller", "hangs up"))
        await call.hang_up()
    return outcome


async def _answered(phone: Softphone, plan: CallPlan, caller_number: str) -> Call:
    try:
        return await phone.call(
            plan.number,
            to_host=plan.host,
            to_port=plan.port,
            caller_number=caller_number,
            answer_timeout_seconds=_ANSWER_SECONDS,
        )
    except SoftphoneError as cause:
        raise ConfigurationError(
            f"the call to {plan.number} at {plan.host}:{plan.port} failed: {cause}",
            advice="is `make run` (or your Asterisk) up, and does STERNIK_SIP_PORT name its port?",
        ) from cause


async def _talk(call: Call) -> None:
    """Stay on the line for as long as the demonstration's conversation lasts."""
    try:
        async with asyncio.timeout(_TALK_SECONDS):
            await call.ended.wait()
    except TimeoutError:
        return


async def _speak(call: Call, plan: CallPlan, console: Console, *, since_seconds: float) -> None:
    """Listen to the question to its end, as polite callers do, then speak."""
    try:
        heard_at = await call.received.wait_for_sound(0.0, _PROMPT_SECONDS)
        await call.received.wait_for_silence(_PAUSE_MS, _PROMPT_SECONDS, after_seconds=heard_at)
        if plan.speech:
            console.print(
                render_line(time.time() - since_seconds, "caller", plan.said, "bold yellow")
            )
            await call.play(plan.speech).finished
        if plan.keys:
            await call.press(plan.keys)
    except SoftphoneError as problem:
        console.print(render_line(time.time() - since_seconds, "caller", str(problem), "red"))


async def _watch(
    events: AsyncIterator[StoredEvent],
    caller_number: str,
    outcome: CallOutcome,
    console: Console,
    *,
    since_seconds: float,
) -> None:
    """Print this call's events until an agent has answered it or it has ended."""
    async with aclosing(events):  # type: ignore[type-var]  # an async generator
        async for event in events:
            if not _is_ours(event, caller_number, outcome):
                continue
            if (line := render(event, since_seconds=since_seconds)) is not None:
                console.print(line, soft_wrap=True)
            match event.kind:
                case EventKind.CALL_STEERED:
                    outcome.steered_to = str(event.data["queue"])
                case EventKind.AGENT_CONNECTED:
                    outcome.answered_from = str(event.data["queue"])
                    return
                case EventKind.CALL_ENDED:
                    return


def _is_ours(event: StoredEvent, caller_number: str, outcome: CallOutcome) -> bool:
    """The call is known by its number's last digits when it begins, and by its id from then on."""
    if outcome.interaction_id is None and event.kind == EventKind.CALL_STARTED:
        shown = str(event.data.get("pii_caller_number") or "")
        if shown.endswith(caller_number[-3:]):
            outcome.interaction_id = event.interaction_id
    return event.interaction_id == outcome.interaction_id
