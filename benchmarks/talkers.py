"""Talking callers, the hard case for recognition: nobody is silent for long.

Each rings, talks over the greeting at once and for long, waits for the answer to what it said, hangs
up and rings again. A caller's speech has no pause in which the utterance could end, and is shorter
than an utterance may be, so that Sternik hears all of it. After it comes the reaction, measured as
`benchmarks.reaction` does.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ivr.models.voice_activity import WebRtcVoiceDetector
from ivr.ports import FRAME_MS, SAMPLE_RATE_HZ, EventKind
from sternik.rehearsal import NUMBER
from sternik.rehearsal.hotline import Rehearsal
from sternik.softphone import Softphone
from sternik.softphone.errors import SoftphoneError

THRESHOLD_DBFS = -45.0
SPEECH_SECONDS = 12.0
"""Below the policy's `max_utterance_ms` (15 s)."""
LONGEST_PAUSE_MS = 80
"""Well below the policy's `sure_silence_ms` (220 ms)."""
REDIAL_SECONDS = 1.5
_ANSWER_SECONDS = 8.0
_WELCOME_WITHOUT_EARS = "welcome"
_FRAME = SAMPLE_RATE_HZ // 50
_MS = 1000.0
_numbers = itertools.cycle(range(100_000, 1_000_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One call of a talking caller. `at_seconds` is when the last sample went (monotonic).

    `reaction_ms` is None when no prompt followed in 8 s, or the call failed.
    """

    number: str
    at_seconds: float
    spoken_seconds: float
    reaction_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLevel:
    """What happened while so many callers talked.

    `shed` lost their recogniser or were given none; `unheard` were answered without any words.
    `talking` is how many talked at the same time on average: the callers less their pauses between
    two calls.
    """

    callers: int
    talking: float
    turns: tuple[Turn, ...]
    shed: int
    unheard: int
    clock_late_ms: float


def running_speech(sentences: Iterable[bytes], seconds: float = SPEECH_SECONDS) -> bytes:
    """Sentences (8 kHz PCM) as one speech of this length, without a pause above 80 ms."""
    pieces: list[NDArray[np.int16]] = []
    length = 0
    for sentence in itertools.cycle(tuple(sentences)):
        piece = _without_long_pauses(np.frombuffer(sentence, dtype="<i2"))
        pieces.append(piece)
        length += len(piece)
        if length >= seconds * SAMPLE_RATE_HZ:
            break
    return np.concatenate(pieces)[: int(seconds * SAMPLE_RATE_HZ)].astype("<i2").tobytes()


def _without_long_pauses(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """Cut where Sternik's own detector hears no voice for longer: there an utterance could end."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    detector = WebRtcVoiceDetector()
    silent_ms = 0
    kept = []
    for number, frame in enumerate(frames):
        silent_ms = 0 if detector.is_voice(frame.tobytes()) else silent_ms + FRAME_MS
        if silent_ms <= LONGEST_PAUSE_MS:
            kept.append(number)
    return frames[kept].reshape(-1)


async def talk_for(
    hotline: Rehearsal,
    speeches: Sequence[bytes],
    *,
    callers: int,
    seconds: float,
    on_warm: asyncio.Event | None = None,
) -> HeldLevel:
    """Keep so many callers talking for so long, after all of them have begun (one cycle's time).

    `on_warm` is set when they have.
    """
    position = await hotline.store.event_log.last_position()
    cycle_seconds = max(map(len, speeches)) / 2 / SAMPLE_RATE_HZ + REDIAL_SECONDS
    async with Softphone() as phone:
        began = time.monotonic()
        warm_at = began + cycle_seconds
        ends_at = warm_at + seconds
        async with asyncio.TaskGroup() as group:
            talking = [
                group.create_task(
                    _caller(
                        phone,
                        hotline,
                        speeches[number % len(speeches)],
                        starts_at=began + cycle_seconds * number / callers,
                        ends_at=ends_at,
                    )
                )
                for number in range(callers)
            ]
            await _until(warm_at)
            if on_warm is not None:
                on_warm.set()
        late = phone.lateness(since_seconds=warm_at, until_seconds=ends_at).max_ms
    turns = [turn for caller in talking for turn in caller.result()]
    shed, unheard = await _told_by_events(hotline, position)
    return HeldLevel(
        callers=callers,
        talking=_talking_on_average(turns, warm_at, ends_at),
        turns=tuple(turn for turn in turns if turn.at_seconds >= warm_at),
        shed=shed,
        unheard=unheard,
        clock_late_ms=late,
    )


async def _caller(
    phone: Softphone, hotline: Rehearsal, speech: bytes, *, starts_at: float, ends_at: float
) -> list[Turn]:
    await _until(starts_at)
    turns = []
    while time.monotonic() < ends_at:
        turns.append(await _turn(phone, hotline, speech))
    return turns


async def _turn(phone: Softphone, hotline: Rehearsal, speech: bytes) -> Turn:
    number = f"+48600{next(_numbers)}"
    reaction, ended = None, time.monotonic()
    with suppress(SoftphoneError):
        call = await phone.call(
            NUMBER,
            to_host=hotline.settings.sip_host,
            to_port=hotline.settings.sip_port,
            caller_number=number,
            answer_timeout_seconds=_ANSWER_SECONDS,
        )
        try:
            await call.received.wait_for_sound(0.0, _ANSWER_SECONDS)
            ended = await call.play(speech).finished
            sound = await call.received.wait_for_sound(
                ended, _ANSWER_SECONDS, threshold_dbfs=THRESHOLD_DBFS, min_ms=40
            )
            reaction = (sound - ended) * _MS
        finally:
            await call.hang_up()
    return Turn(
        number=number,
        at_seconds=ended,
        spoken_seconds=len(speech) / 2 / SAMPLE_RATE_HZ,
        reaction_ms=reaction,
    )


def _talking_on_average(turns: Sequence[Turn], first: float, last: float) -> float:
    spoken = sum(
        max(0.0, min(turn.at_seconds, last) - max(turn.at_seconds - turn.spoken_seconds, first))
        for turn in turns
    )
    return spoken / (last - first)


async def _told_by_events(hotline: Rehearsal, position: int) -> tuple[int, int]:
    shed: set[str] = set()
    unheard: set[str] = set()
    while events := await hotline.store.event_log.read(position):
        position = events[-1].position
        for event in events:
            told = event.data
            if event.kind == EventKind.RECOGNISER_LOST or (
                event.kind == EventKind.PROMPT_STARTED and told["prompt"] == _WELCOME_WITHOUT_EARS
            ):
                shed.add(event.interaction_id)
            if event.kind == EventKind.UTTERANCE_ENDED and not told["pii_words"]:
                unheard.add(event.interaction_id)
    return len(shed), len(unheard - shed)


async def _until(monotonic_seconds: float) -> None:
    await asyncio.sleep(max(0.0, monotonic_seconds - time.monotonic()))
