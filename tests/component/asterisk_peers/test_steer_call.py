"""The whole way of a call through the worker's own composition, between scripted peers and fake ears."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
import structlog
from scripted_asterisk import (
    ENVIRONMENT,
    HOST,
    INTERACTION,
    PATIENCE_SECONDS,
    AgiPeer,
    AudioPeer,
    audiosocket_of,
)

from ivr.asterisk.agi_server import AgiServer
from ivr.asterisk.audiosocket_protocol import KIND_HANGUP, digit_frame, hangup_frame
from ivr.asterisk.audiosocket_server import AudioSocketServer
from ivr.errors import OverloadedError
from ivr.ports import (
    FRAME_BYTES,
    CallEvent,
    EventKind,
    GrammarName,
    RecogniserDescription,
    RecogniserStream,
)
from ivr.steering.intents import Classification
from sternik.logs import set_up_logs
from sternik.model.in_service import ModelInService, ServedModel
from sternik.worker import CallServices, steer_call
from tests.unit.steering.steering_examples import POLICY, classified


class NoEars:
    description = RecogniserDescription(
        engine="none", acoustic_model="none", language="en", language_model="none"
    )

    async def open(self, grammar: GrammarName) -> RecogniserStream:
        raise OverloadedError("every recogniser is taken")

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def close(self) -> None:
        self.closed.set()


class NoModel:
    def __init__(self, version: str) -> None:
        self.version = version

    def classify(self, text: str) -> Classification:
        return classified("branch", 0.5)


def served(version: str) -> ServedModel:
    return ServedModel(version=version, classifier=NoModel(version), pool=NoEars())


class ShortPrompts:
    """Five frames each."""

    def pcm(self, prompt: str, language: str) -> bytes | None:
        return b"\x09\x00" * 160 * 5

    def text(self, prompt: str, language: str) -> str:
        return ""


class Hotline:
    """The worker's servers and what they recorded."""

    agi: AgiServer

    def __init__(self) -> None:
        self.events: list[CallEvent] = []
        self.models = ModelInService(served("none"))

    def record(self, event: CallEvent) -> None:
        self.events.append(event)

    @property
    def outcome(self) -> object:
        assert self.events[-1].kind is EventKind.STEERING_ENDED
        return self.events[-1].data["outcome"]

    async def settled(self) -> None:
        """Every session has ended."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.agi.idle()


@pytest.fixture
async def hotline() -> AsyncIterator[Hotline]:
    line = Hotline()
    async with AudioSocketServer(host=HOST) as audio:
        services = CallServices(
            audio=audio,
            models=line.models,
            prompts=ShortPrompts(),
            policy=POLICY,
            journal=line,
            region="PL",
        )
        async with AgiServer(handler=partial(steer_call, services), host=HOST, port=0) as line.agi:
            yield line
            await line.settled()
        assert audio.pacer.members == 0


async def answer_audio(peer: AgiPeer) -> AudioPeer:
    audio_id, address = audiosocket_of(await peer.command())
    return await AudioPeer.connect(address, audio_id)


async def test_a_key_leads_to_its_queue_and_the_flag_comes_last(hotline: Hotline) -> None:
    peer = await AgiPeer.connect(hotline.agi.port)
    audio = await answer_audio(peer)
    await audio.frames_until(lambda _, pcm: pcm != bytes(FRAME_BYTES))
    audio.send(digit_frame("1"))
    await audio.frames_until(lambda kind, _: kind == KIND_HANGUP)
    peer.send("200 result=0\n")
    commands = [await peer.answer() for _ in range(4)]
    assert [command.split('"')[1] for command in commands] == [
        "STERNIK_QUEUE",
        "STERNIK_PRIORITY",
        "STERNIK_INTENT",
        "STERNIK_STEERED",
    ]
    assert await peer.closed() == b""
    await hotline.settled()
    assert hotline.outcome == "steered"
    assert hotline.events[0].kind is EventKind.CALL_STARTED
    assert hotline.events[0].interaction_id == INTERACTION
    assert hotline.events[0].data["pii_caller_number"] == "+48600123456"
    await audio.close()
    await peer.close()


async def test_a_call_keeps_its_model_to_its_end_when_another_is_put_in_service(
    hotline: Hotline,
) -> None:
    old = hotline.models.model
    assert isinstance(old.pool, NoEars)
    peer = await AgiPeer.connect(hotline.agi.port)
    audio = await answer_audio(peer)
    await audio.frame()
    hotline.models.replace(served("new"))
    following = await AgiPeer.connect(hotline.agi.port)
    following_audio = await answer_audio(following)
    assert not old.pool.closed.is_set()
    for each, sound in ((peer, audio), (following, following_audio)):
        sound.send(hangup_frame())
        each.send("HANGUP\n200 result=-1\n")
        assert await each.closed() == b""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await old.pool.closed.wait()
    await hotline.settled()
    started = [event for event in hotline.events if event.kind is EventKind.CALL_STARTED]
    assert [event.data["classifier"] for event in started] == ["none", "new"]
    for sound, each in ((audio, peer), (following_audio, following)):
        await sound.close()
        await each.close()


async def test_a_caller_who_hangs_up_in_the_menu_is_recorded_and_never_flagged(
    hotline: Hotline,
) -> None:
    peer = await AgiPeer.connect(hotline.agi.port)
    audio = await answer_audio(peer)
    await audio.frame()
    audio.send(hangup_frame())
    peer.send("HANGUP\n200 result=-1\n")
    assert await peer.closed() == b""
    await hotline.settled()
    assert hotline.outcome == "hung_up"
    await audio.close()
    await peer.close()


@pytest.mark.parametrize("audio_first", [True, False])
async def test_an_asterisk_that_dies_ends_the_call_with_nothing_left(
    hotline: Hotline, audio_first: bool
) -> None:
    peer = await AgiPeer.connect(hotline.agi.port)
    audio = await answer_audio(peer)
    await audio.frame()
    first, second = (audio.writer, peer._writer)[:: 1 if audio_first else -1]
    first.transport.abort()
    second.transport.abort()
    await hotline.settled()
    assert hotline.outcome == "hung_up"
    await audio.close()
    await peer.close()


async def test_a_withheld_number_is_recorded_as_none(hotline: Hotline) -> None:
    environment = ENVIRONMENT.replace("agi_callerid: 48600123456", "agi_callerid: anonymous")
    peer = await AgiPeer.connect(hotline.agi.port, environment=environment)
    await peer.command()
    await peer.close()
    await hotline.settled()
    assert hotline.events[0].data["pii_caller_number"] is None
    assert hotline.outcome == "hung_up"


@pytest.fixture
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.usefixtures("_logging_as_before")
async def test_no_log_line_of_a_call_names_its_caller(hotline: Hotline) -> None:
    out = io.StringIO()
    set_up_logs(level="debug", stream=out)
    peer = await AgiPeer.connect(hotline.agi.port)
    audio = await answer_audio(peer)
    audio.send(b"\x42\x00\x00")  # a broken peer is logged, too
    peer.send("200 result=0\nnonsense 48600123456\n")
    await hotline.settled()
    assert "AGI" in out.getvalue()
    assert "600123456" not in out.getvalue()
    await audio.close()
    await peer.close()
