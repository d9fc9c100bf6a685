"""Models of a hotline under test: commands, the server's log, and which model heard a call."""

from __future__ import annotations

import asyncio
import os
import sys

from ivr.models.registry import ModelRegistry
from ivr.ports import EventKind
from ivr.store.records import StoredEvent
from sternik.rehearsal.hotline import Rehearsal
from sternik.rehearsal.server_process import environment
from sternik.settings import Settings
from tests.asterisk.callers import Caller
from tests.waiting import until

NOTICED_SECONDS = 30.0
COMMAND_SECONDS = 90.0


def registry_of(hotline: Rehearsal) -> ModelRegistry:
    return ModelRegistry(hotline.settings.models_folder, "en")


async def sternik_command(settings: Settings, *arguments: str) -> tuple[int, str]:
    """Run `sternik` as an administrator with these settings would; its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "sternik", *arguments),
        env={**os.environ, **environment(settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(COMMAND_SECONDS):
        said, _ = await process.communicate()
    return process.returncode or 0, " ".join(said.decode().split())


async def until_logged(hotline: Rehearsal, event: str, *words: str) -> None:
    """Wait until a line of the server's log tells of this event."""

    def is_there() -> bool:
        lines = hotline.server.log_file.read_text("utf-8").splitlines()
        return any(all(word in line for word in (event, *words)) for line in lines)

    await until(is_there, seconds=NOTICED_SECONDS, look_again_seconds=0.05)


async def steered(caller: Caller, speech: bytes) -> list[StoredEvent]:
    """Let the caller say what they need; the story of the call up to the agent."""
    await caller.say(speech)
    story = await caller.story_until(EventKind.AGENT_CONNECTED)
    await caller.call.hang_up()
    assert story[-1].data["queue"] == "cards-urgent"
    return story


async def heard_by(story: list[StoredEvent], hotline: Rehearsal) -> set[str | None]:
    """Every version that the records of this call name."""
    stored = await hotline.store.calls.get(story[0].interaction_id)
    decisions = await hotline.store.calls.decisions(story[0].interaction_id)
    assert stored is not None
    assert decisions
    models = {decision.model_version for decision in decisions}
    return models | {stored.language_model, stored.classifier_version}
