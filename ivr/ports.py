"""What the story of a call needs from outside: every seam an adapter fills.

Adapters (`ivr.asterisk`, `ivr.models`, `ivr.store`, `ivr.prompts`) implement these; only composition
roots build adapters. Tests ship fakes that satisfy the same protocols.

Audio everywhere here is signed 16-bit little-endian PCM, one channel, 8000 samples a second; a frame is
160 samples (20 ms, 320 bytes).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol

from ivr.steering.intents import Classification

FRAME_MS = 20
FRAME_BYTES = 320
SAMPLE_RATE_HZ = 8000

InteractionId = NewType("InteractionId", str)


# --- Audio with the caller -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerFrame:
    """20 ms of the caller's sound (320 bytes), the `index`-th frame since audio began (from 0)."""

    pcm: bytes
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerDigit:
    """A key the caller pressed: one of 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded:
    """The queued prompt with this number has been sent to its last frame."""

    playback: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioClosed:
    """No more audio: the caller hung up, or Asterisk closed the connection. Always the last event."""

    reason: str


AudioEvent = CallerFrame | CallerDigit | PlaybackEnded | AudioClosed


class AudioLink(Protocol):
    """Audio both ways with one caller, paced by a steady clock; silence flows when nothing plays."""

    def events(self) -> AsyncIterator[AudioEvent]:
        """Frames, digits and ends of playback in order, ending with `AudioClosed`. One reader."""
        ...

    def play(self, pcm: bytes) -> int:
        """Queue a prompt behind what plays; returns its number, named by `PlaybackEnded`."""
        ...

    def stop_playback(self) -> None:
        """Silence within one frame: drop what plays and what is queued (no `PlaybackEnded`)."""
        ...

    def set_gain(self, gain: float) -> None:
        """Loudness (0..1) of what plays from the next frame on; 1 is as recorded."""
        ...

    async def close(self) -> None:
        """Hand the caller back to whoever started the audio. Idempotent."""
        ...


class CallControl(Protocol):
    """The channel of one call, as its AGI session controls it.

    Every method raises `CallEndedError` after the caller has hung up or the link is gone, and
    `PeerTimeoutError` when Asterisk does not answer in the command's time.
    """

    @property
    def interaction_id(self) -> InteractionId: ...

    @property
    def caller_number(self) -> str | None:
        """The number Asterisk reports, unchecked; None when withheld."""
        ...

    @property
    def called_number(self) -> str: ...

    @property
    def channel(self) -> str:
        """Asterisk's channel name."""
        ...

    async def open_audio(self) -> AudioLink:
        """Hand the channel's audio over; closing the link takes it back."""
        ...

    async def finish_audio(self) -> None:
        """Wait until Asterisk has left the audio application after the link was closed."""
        ...

    async def hand_over(self, *, queue: str, priority: int, intent: str | None) -> None:
        """Tell the dialplan where the call goes. The last act of a finished steering."""
        ...


# --- Ears ------------------------------------------------------------------------------------------


class GrammarName(StrEnum):
    """What a recogniser is told to expect.

    `OPEN_QUESTION` is a language model of the steering corpus; the others are a few phrases each:
    yes or no, one of two things offered, digits one after the other.
    """

    OPEN_QUESTION = "open_question"
    YES_NO = "yes_no"
    CHOICE = "choice"
    DIGITS = "digits"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecogniserDescription:
    """Which ears listen; stored with every call they heard."""

    engine: str
    acoustic_model: str
    language: str
    language_model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialWords:
    """What has been recognised so far of the current utterance; may still change."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalWords:
    """What was recognised of the utterance that `finish` ended; '' when nothing was.

    Words in brackets were heard as other speech, outside what the grammar expects: `[weather]`, or
    `[unk]` where not even the word is known. `confidence` is the engine's own (0..1), or None where
    it has none; `word_confidences` are those of the words of `text`, one each, or empty.
    """

    text: str = field(repr=False)
    confidence: float | None
    word_confidences: tuple[float, ...] = ()


RecognisedWords = PartialWords | FinalWords


class RecogniserStream(Protocol):
    """The ears of one call, taken from a pool and given back by `close`."""

    def feed(self, pcm: bytes) -> None:
        """Give speech (any whole number of frames). Never blocks.

        Raises `RecogniserLostError` when the engine is gone or has fallen behind its limit.
        """
        ...

    def finish(self) -> None:
        """End the utterance: `FinalWords` follows; the next `feed` begins a new one. Never blocks."""
        ...

    def reset(self, grammar: GrammarName) -> None:
        """Drop what was heard and expect `grammar` from here on. Never blocks; no result follows."""
        ...

    def results(self) -> AsyncIterator[RecognisedWords]:
        """Partials (only when the words changed) and finals, in order. One reader.

        Raises `RecogniserLostError` when the engine dies or hangs.
        """
        ...

    async def close(self) -> None:
        """Give the recogniser back. Idempotent; `results` ends."""
        ...


class RecogniserPool(Protocol):
    """Recognisers of one language, shared by all calls."""

    @property
    def description(self) -> RecogniserDescription: ...

    async def open(self, grammar: GrammarName) -> RecogniserStream:
        """A recogniser that is ready to hear; raises `OverloadedError` when there is none to spare."""
        ...

    async def close(self) -> None: ...


class VoiceDetector(Protocol):
    """Tells speech from everything else, frame by frame; one instance a call."""

    def is_voice(self, pcm: bytes) -> bool:
        """Whether this frame (exactly 320 bytes) holds a voice."""
        ...


# --- Understanding ---------------------------------------------------------------------------------


class IntentClassifier(Protocol):
    """The trained model. Pure computation of a few milliseconds."""

    @property
    def version(self) -> str: ...

    def classify(self, text: str) -> Classification:
        """Candidates for recognised words (any casing; normalised inside)."""
        ...


# --- Prompts ---------------------------------------------------------------------------------------


class PromptLibrary(Protocol):
    """Recorded prompts by name."""

    def pcm(self, prompt: str, language: str) -> bytes | None:
        """The prompt's sound, or None when it is missing (logged once, never fatal)."""
        ...

    def text(self, prompt: str, language: str) -> str:
        """What the prompt says, '' when nobody wrote it down; tells its echo from speech."""
        ...


# --- The record ------------------------------------------------------------------------------------


class EventKind(StrEnum):
    """What can happen to a call. The value is stored."""

    CALL_STARTED = "call.started"
    PROMPT_STARTED = "prompt.started"
    PROMPT_STOPPED = "prompt.stopped"
    SPEECH_STARTED = "speech.started"
    WORDS_HEARD = "words.heard"
    UTTERANCE_ENDED = "utterance.ended"
    KEY_PRESSED = "key.pressed"
    NO_INPUT = "input.none"
    RECOGNISER_LOST = "recogniser.lost"
    DECISION_MADE = "decision.made"
    CALL_STEERED = "call.steered"
    STEERING_ENDED = "steering.ended"
    QUEUE_JOINED = "queue.joined"
    QUEUE_LEFT = "queue.left"
    AGENT_CONNECTED = "agent.connected"
    CALL_ENDED = "call.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """One thing that happened to an interaction.

    `at_seconds` is Unix time. `data` holds JSON values only. Keys that carry personal data begin with
    `pii_`; the store masks digits in them before anything reaches a disk.
    """

    interaction_id: InteractionId
    kind: EventKind
    at_seconds: float
    data: Mapping[str, object] = field(default_factory=dict)


class CallJournal(Protocol):
    """Where a call's events go. Recording never blocks and never fails a call."""

    def record(self, event: CallEvent) -> None: ...


class WallClock(Protocol):
    """Unix time in seconds."""

    def __call__(self) -> float: ...
