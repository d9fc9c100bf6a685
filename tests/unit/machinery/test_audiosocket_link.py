"""One link on a transport of the test's own: no sockets, no clock."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import numpy as np
import pytest

from ivr.asterisk.audiosocket_link import AudioSocketLink
from ivr.asterisk.audiosocket_protocol import (
    audio_frame,
    digit_frame,
    hangup_frame,
    identify_frame,
)
from ivr.asterisk.frame_pacer import FramePacer
from ivr.ports import (
    FRAME_BYTES,
    AudioClosed,
    AudioEvent,
    CallerDigit,
    CallerFrame,
    PlaybackEnded,
)

AUDIO_ID = uuid.uuid4()
SILENCE = audio_frame(bytes(FRAME_BYTES))
VOICE = b"\x01\x02" * 160
WAITING_EVENTS = 250


class FakeTransport(asyncio.Transport):
    """Takes what is written; `unread_bytes` is what the peer has left lying."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.peer_reads = True
        self.unread_bytes = 0
        self.closed = False
        self.aborted = False

    def write(self, data: Any) -> None:
        assert not self.closed
        self.written.append(bytes(data))
        self.unread_bytes += 0 if self.peer_reads else len(data)

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted = True


class ManualPacer(FramePacer):
    """Ticks when the test says so."""

    def add(self, member: Any) -> None:
        self._members.add(member)
        member.send_frames(1)

    def tick(self, frames: int = 1) -> None:
        for member in tuple(self._members):
            member.send_frames(frames)


class Line:
    """A link, its transport and its pacer."""

    def __init__(self, *, identified: bool = True) -> None:
        self.transport = FakeTransport()
        self.pacer = ManualPacer()
        self.ended: list[AudioSocketLink] = []
        self.link = AudioSocketLink(
            pacer=self.pacer,
            identified=lambda _, who: who.audio_id == AUDIO_ID,
            ended=self.ended.append,
        )
        self.link.connection_made(self.transport)
        if identified:
            self.link.data_received(identify_frame(AUDIO_ID))

    def tick(self, times: int = 1, *, voice: bool = False) -> None:
        for _ in range(times):
            if voice:
                self.link.data_received(audio_frame(VOICE))
            self.pacer.tick()

    def sent_frames(self) -> list[bytes]:
        return [data[3:] for data in self.transport.written if data[0] == 0x10]

    async def events(self) -> list[AudioEvent]:
        """Close the link and read all that waits in it."""
        await self.link.close()
        async with asyncio.timeout(1):
            return [event async for event in self.link.events()]


async def test_silence_flows_before_the_peer_has_said_anything() -> None:
    line = Line(identified=False)
    assert line.transport.written == [SILENCE]
    line.tick(3)
    assert line.transport.written == [SILENCE] * 4


async def test_a_prompt_follows_silence_and_ends_with_its_last_frame() -> None:
    line = Line()
    first, second = line.link.play(VOICE * 2 + b"\x05\x05"), line.link.play(VOICE)
    line.tick(5, voice=True)
    silence = bytes(FRAME_BYTES)
    padded = b"\x05\x05".ljust(FRAME_BYTES, b"\0")
    assert line.sent_frames() == [silence, VOICE, VOICE, padded, VOICE, silence]
    told = [event for event in await line.events() if not isinstance(event, CallerFrame)]
    assert told[:2] == [PlaybackEnded(playback=first), PlaybackEnded(playback=second)]
    assert isinstance(told[2], AudioClosed)


async def test_stopped_playback_is_silent_from_the_next_frame_and_tells_no_end() -> None:
    line = Line()
    line.link.play(VOICE * 50)
    line.link.play(VOICE)
    line.tick(2, voice=True)
    line.link.stop_playback()
    line.tick(3, voice=True)
    assert line.sent_frames()[1:] == [VOICE, VOICE, *[bytes(FRAME_BYTES)] * 3]
    assert not [event for event in await line.events() if isinstance(event, PlaybackEnded)]


async def test_a_prompt_after_a_stopped_one_begins_at_its_beginning() -> None:
    line = Line()
    line.link.play(VOICE * 3)
    line.tick()
    line.link.stop_playback()
    line.link.play(b"\x07\x00" * 160)
    line.tick()
    assert line.sent_frames()[-1] == b"\x07\x00" * 160


async def test_gain_makes_prompts_softer_from_the_next_frame_on() -> None:
    line = Line()
    line.link.play(np.full(480, -10_000, "<i2").tobytes())
    line.tick()
    line.link.set_gain(0.3)
    line.tick()
    line.link.set_gain(1.0)
    line.tick()
    loudness = [np.frombuffer(frame, "<i2")[0] for frame in line.sent_frames()[1:]]
    assert loudness == [-10_000, -3_000, -10_000]


async def test_frames_digits_and_ends_come_in_their_order_however_tcp_cuts_them() -> None:
    line = Line(identified=False)
    stream = identify_frame(AUDIO_ID) + audio_frame(VOICE) + digit_frame("5") + audio_frame(VOICE)
    for byte in stream + hangup_frame():
        line.link.data_received(bytes([byte]))
    assert await line.events() == [
        CallerFrame(pcm=VOICE, index=0),
        CallerDigit(digit="5"),
        CallerFrame(pcm=VOICE, index=1),
        AudioClosed(reason="the caller hung up"),
    ]


async def test_sound_of_odd_sizes_is_cut_into_frames_of_20_ms() -> None:
    line = Line()
    for size in (100, 640, 2, 538):
        line.link.data_received(audio_frame(bytes(size)))
    frames = [event for event in await line.events() if isinstance(event, CallerFrame)]
    assert [(len(frame.pcm), frame.index) for frame in frames] == [(320, i) for i in range(4)]


async def test_a_muted_caller_is_heard_as_silence_so_that_audio_time_goes_on() -> None:
    line = Line()
    line.tick(2, voice=True)
    line.tick(2)  # as late as a frame may be
    line.tick(100)
    line.tick(1, voice=True)
    frames = [event for event in await line.events() if isinstance(event, CallerFrame)]
    assert [frame.index for frame in frames] == list(range(2 + 100 + 1))
    assert {frame.pcm for frame in frames[2:-1]} == {bytes(FRAME_BYTES)}


async def test_a_stall_of_our_own_puts_no_silence_into_the_callers_words() -> None:
    line = Line()
    line.tick(10, voice=True)
    line.link.data_received(audio_frame(VOICE) * 20)  # waited in the socket meanwhile
    line.pacer.tick(5)
    line.tick(2, voice=True)
    frames = [event for event in await line.events() if isinstance(event, CallerFrame)]
    assert {frame.pcm for frame in frames} == {VOICE}


async def test_a_muted_caller_hears_a_time_out_though_the_loop_stalls() -> None:
    line = Line()
    line.tick(2)
    for _ in range(20):
        line.pacer.tick(5)
    frames = [event for event in await line.events() if isinstance(event, CallerFrame)]
    assert len(frames) == 100


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (hangup_frame(), "the caller hung up"),
        (b"\xff\x00\x01\x04", "Asterisk reported AudioSocket error 4"),
        (identify_frame(AUDIO_ID), "a second UUID frame"),
        (b"\x42\x00\x00", "kind 0x42"),
        (b"\x10\xff\xff", "frame of 65535 bytes"),
        (b"\x03\x00\x01x", "kind 0x03"),
    ],
)
async def test_hang_up_errors_and_a_broken_peer_end_the_audio_once(
    data: bytes, reason: str
) -> None:
    line = Line()
    line.link.data_received(data)
    line.link.connection_lost(None)
    assert line.transport.closed
    line.tick()
    assert line.ended == [line.link]
    (closed,) = await line.events()
    assert isinstance(closed, AudioClosed)
    assert reason in closed.reason


@pytest.mark.parametrize("first", [identify_frame(uuid.uuid4()), audio_frame(VOICE), b"GET / HTTP"])
async def test_a_stranger_is_cut_off_at_its_first_frame(first: bytes) -> None:
    line = Line(identified=False)
    line.link.data_received(first)
    assert line.transport.closed
    assert line.ended == [line.link]


async def test_whoever_never_says_who_it_is_is_cut_off_but_not_a_caller() -> None:
    silent, caller = Line(identified=False), Line()
    silent.link.close_if_unidentified()
    caller.link.close_if_unidentified()
    assert silent.transport.closed
    assert not caller.transport.closed


async def test_a_peer_that_does_not_read_holds_a_bounded_amount_and_the_prompt_waits() -> None:
    line = Line()
    line.transport.peer_reads = False
    line.link.play(VOICE * 20)
    line.tick(500, voice=True)
    assert line.transport.unread_bytes <= 6 * (FRAME_BYTES + 3)
    line.transport.peer_reads = True
    line.transport.unread_bytes = 0
    line.tick(20, voice=True)
    assert line.sent_frames().count(VOICE) == 20  # none was skipped


async def test_a_slow_story_loses_the_oldest_frames_but_no_digit_and_no_end() -> None:
    line = Line()
    line.link.data_received(digit_frame("7"))
    playback = line.link.play(VOICE)
    line.tick(1000, voice=True)
    events = await line.events()
    assert len(events) <= WAITING_EVENTS + 1
    assert events[0] == CallerDigit(digit="7")
    assert PlaybackEnded(playback=playback) in events
    frames = [event.index for event in events if isinstance(event, CallerFrame)]
    assert frames == list(range(1000 - len(frames), 1000))
    assert isinstance(events[-1], AudioClosed)


async def test_a_flood_of_digits_does_not_grow_without_bound() -> None:
    line = Line()
    line.link.data_received(digit_frame("7") * 5000)
    events = await line.events()
    assert len(events) == WAITING_EVENTS + 1
    assert isinstance(events[-1], AudioClosed)


async def test_closing_hands_the_caller_back_and_is_idempotent() -> None:
    line = Line()
    await line.link.close()
    await line.link.close()
    assert line.transport.written[-1] == hangup_frame()
    assert line.transport.written.count(hangup_frame()) == 1
    assert line.transport.closed
    assert line.ended == [line.link]
