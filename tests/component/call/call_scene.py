"""A whole call without Asterisk, recogniser or clock: a script by audio frames, and fakes of all ports.

Frame `n` is heard 20 ms after frame `n - 1`, and the story has done all it wants to before the next
one comes: a minute of a call takes milliseconds, and the same script gives the same call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ivr.call.ears import CallEars
from ivr.call.record import CallRecord
from ivr.call.story import CallStory
from ivr.errors import CallEndedError, OverloadedError, RecogniserLostError
from ivr.ports import (
    FRAME_BYTES,
    AudioClosed,
    AudioEvent,
    CallerDigit,
    CallerFrame,
    CallEvent,
    EventKind,
    FinalWords,
    GrammarName,
    InteractionId,
    PartialWords,
    PlaybackEnded,
    RecognisedWords,
    RecogniserDescription,
)
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy
from tests.unit.steering.steering_examples import POLICY, classified

VOICE = b"\x01" * FRAME_BYTES
SILENCE = bytes(FRAME_BYTES)
PROMPT_FRAMES = 50  # a second
STOLEN_WORDS = "someone stole my card"
UNCLEAR_WORDS = "purple elephant"
# Two steps of the reader and two of the story after each frame.
_STEPS_TO_SETTLE = 6
_LONGEST_CALL_FRAMES = 10_000

SAID: Mapping[str, Classification] = {
    STOLEN_WORDS: classified("card_lost_or_stolen", 0.97),
    "stole my card": classified("card_lost_or_stolen", 0.60, 0.2),
    "[sunny] [weather] opening [hours]": classified("branch", 0.95),
    "opening hours": classified("branch", 0.70, 0.1),
    "a consultant": classified("consultant", 0.95),
}


@dataclass(kw_only=True)
class Script:
    """What happens from outside, by the number of the frame at which it does.

    `words` are partial words; what `finish` brings is the last of them, unless `final_words` says
    otherwise, `final_after_frames` later (None: never).
    """

    voice: Sequence[range] = ()
    words: Mapping[int, str] = field(default_factory=dict)
    keys: Mapping[int, str] = field(default_factory=dict)
    hangs_up_at: int | None = None
    final_words: str | None = None
    word_confidence: float = 0.5
    final_after_frames: int | None = 1
    missing_prompts: frozenset[str] | None = frozenset()  # None: all of them
    overloaded: bool = False
    recogniser_lost_at: int | None = None
    loss_is_told: bool = True
    open_audio_error: Exception | None = None
    finish_audio_error: Exception | None = None
    audio_fault_at: int | None = None
    policy: Policy = POLICY


class Scene:
    """The fakes of one call, and everything they were told, in one order in `trace`."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.frame = 0
        self.trace: list[str] = []
        self.events: list[CallEvent] = []
        self.classified: list[str] = []
        self.link = FakeAudioLink(self)
        self.stream = FakeStream(self)

    async def tell(self) -> None:
        """The whole story; leaves as `CallStory.tell` does."""
        record = CallRecord(
            journal=self, interaction_id=InteractionId("call-1"), now=lambda: self.frame * 0.02
        )
        ears = CallEars(policy=self.script.policy, classifier=self, detector=FakeDetector())
        story = CallStory(
            control=FakeControl(self),
            ears=ears,
            prompts=FakePrompts(self.script),
            policy=self.script.policy,
            record=record,
        )
        async with asyncio.timeout(30):
            await story.tell(FakePool(self))

    # The journal.

    def record(self, event: CallEvent) -> None:
        self.events.append(event)

    # The classifier.

    version = "fake-1"

    def classify(self, text: str) -> Classification:
        self.classified.append(text)
        return SAID.get(text, classified("pin", 0.3, 0.29))

    # What tests ask.

    @property
    def kinds(self) -> list[EventKind]:
        return [event.kind for event in self.events]

    def data(self, kind: EventKind) -> list[Mapping[str, object]]:
        return [event.data for event in self.events if event.kind is kind]

    @property
    def decisions(self) -> list[str]:
        return [str(data["kind"]) for data in self.data(EventKind.DECISION_MADE)]

    @property
    def prompts(self) -> list[str]:
        return [line.removeprefix("play ") for line in self.trace if line.startswith("play ")]

    @property
    def handed_over(self) -> list[str]:
        return [line.removeprefix("hand over ") for line in self.trace if "hand over" in line]


class FakeControl:
    """The channel: checks that it is handed over only after its audio has come back."""

    interaction_id = InteractionId("call-1")
    caller_number = "600123456"
    called_number = "600"
    channel = "PJSIP/caller-1"

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def open_audio(self) -> FakeAudioLink:
        if self._scene.script.open_audio_error is not None:
            raise self._scene.script.open_audio_error
        self._scene.trace.append("open audio")
        return self._scene.link

    async def finish_audio(self) -> None:
        self._scene.trace.append("finish audio")
        if self._scene.script.finish_audio_error is not None:
            raise self._scene.script.finish_audio_error
        if self._scene.link.hung_up:
            raise CallEndedError("the caller hung up")

    async def hand_over(self, *, queue: str, priority: int, intent: str | None) -> None:
        self._scene.trace.append(f"hand over {queue} {priority} {intent}")


class FakeAudioLink:
    """The caller's line: plays prompts frame by frame and speaks as the script says."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._playing: deque[tuple[int, int]] = deque()  # number, frames left
        self._playbacks = 0
        self.gain = 1.0
        self.closed = 0
        self.hung_up = False

    async def events(self) -> AsyncIterator[AudioEvent]:
        script = self._scene.script
        for index in range(_LONGEST_CALL_FRAMES):
            self._scene.frame = index
            if index == script.hangs_up_at:
                self.hung_up = True
                yield AudioClosed(reason="the caller hung up")
                return
            if index == script.audio_fault_at:
                raise ZeroDivisionError
            for digit in script.keys.get(index, ""):
                yield CallerDigit(digit=digit)
            speaks = any(index in spoken for spoken in script.voice)
            yield CallerFrame(pcm=VOICE if speaks else SILENCE, index=index)
            if (ended := self._play_on()) is not None:
                yield PlaybackEnded(playback=ended)
            self._scene.stream.pass_frame(index)
            for _ in range(_STEPS_TO_SETTLE):
                await asyncio.sleep(0)
        raise AssertionError("the call does not end")

    def _play_on(self) -> int | None:
        if not self._playing:
            return None
        number, left = self._playing.popleft()
        if left > 1:
            self._playing.appendleft((number, left - 1))
            return None
        return number

    def play(self, pcm: bytes) -> int:
        assert not self.closed
        self._playbacks += 1
        self._playing.append((self._playbacks, len(pcm) // FRAME_BYTES))
        self._scene.trace.append(f"play {pcm[:FRAME_BYTES].rstrip(bytes(1)).decode()}")
        return self._playbacks

    def stop_playback(self) -> None:
        self._playing.clear()
        self._scene.trace.append("stop")

    def set_gain(self, gain: float) -> None:
        if gain != self.gain:
            self._scene.trace.append(f"gain {gain:g}")
        self.gain = gain

    async def close(self) -> None:
        self.closed += 1
        self._scene.trace.append("close link")


class FakePrompts:
    """Every prompt lasts a second and is its own name; `text` says something the caller never says."""

    def __init__(self, script: Script) -> None:
        self._missing = script.missing_prompts

    def pcm(self, prompt: str, language: str) -> bytes | None:
        assert language == "en"
        if self._missing is None or prompt in self._missing:
            return None
        return prompt.encode().ljust(FRAME_BYTES, b"\0") + bytes((PROMPT_FRAMES - 1) * FRAME_BYTES)

    def text(self, prompt: str, language: str) -> str:
        return "Welcome to the bank, how can I help you?" if prompt == "greeting" else ""


class FakeDetector:
    def is_voice(self, pcm: bytes) -> bool:
        return pcm == VOICE


class FakePool:
    """Gives the scene's stream, or has none to spare."""

    description = RecogniserDescription(
        engine="fake", acoustic_model="fake", language="en", language_model="fake-1"
    )

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    async def open(self, grammar: GrammarName) -> FakeStream:
        assert grammar is GrammarName.OPEN_QUESTION
        if self._scene.script.overloaded:
            raise OverloadedError("every recogniser is taken")
        self._scene.stream.opened = True
        return self._scene.stream

    async def close(self) -> None: ...


class FakeStream:
    """Hears what the script says at its frame; what it heard before a reset is forgotten.

    Once lost, every order raises, as the real one's does.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._results: asyncio.Queue[RecognisedWords | None] = asyncio.Queue()
        self._last_words = ""
        self._final_at: int | None = None
        self._lost = False
        self.opened = False
        self.closed = 0
        self.fed_frames = 0

    def pass_frame(self, index: int) -> None:
        script = self._scene.script
        if not self.opened or self.closed:
            return
        if index == script.recogniser_lost_at:
            self._lost = True
            if script.loss_is_told:
                self._results.put_nowait(None)
        if self._lost:
            return
        if index in script.words:
            self._last_words = script.words[index]
            self._results.put_nowait(PartialWords(text=self._last_words))
        if index == self._final_at:
            words = self._last_words if script.final_words is None else script.final_words
            confidences = (script.word_confidence,) * len(words.split())
            self._results.put_nowait(
                FinalWords(text=words, confidence=0.5, word_confidences=confidences)
            )

    def feed(self, pcm: bytes) -> None:
        self._order()
        assert len(pcm) % FRAME_BYTES == 0
        self.fed_frames += len(pcm) // FRAME_BYTES

    def finish(self) -> None:
        self._order()
        after = self._scene.script.final_after_frames
        self._final_at = None if after is None else self._scene.frame + after

    def reset(self, grammar: GrammarName) -> None:
        self._order()
        self._final_at = None
        self._last_words = ""
        while not self._results.empty():
            self._results.get_nowait()

    async def results(self) -> AsyncIterator[RecognisedWords]:
        while True:
            result = await self._results.get()
            if result is None:
                raise RecogniserLostError("the recogniser process ended")
            yield result

    async def close(self) -> None:
        self.closed += 1
        self._scene.trace.append("close stream")

    def _order(self) -> None:
        assert self.opened
        assert not self.closed, "a recogniser was used after it was given back"
        if self._lost:
            raise RecogniserLostError("the recogniser process ended")


def quick(policy: Policy = POLICY) -> Policy:
    """A policy with short waits, for tests of many calls."""
    timers = replace(
        policy.timers, no_input_seconds=1.0, menu_seconds=1.0, steering_limit_seconds=12.0
    )
    return replace(policy, timers=timers)
