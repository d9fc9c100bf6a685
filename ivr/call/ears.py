"""What one call hears: voice, words and the ends of utterances, from frames and a recogniser's results.

Voice activity gates the sound, the recogniser makes words, the classifier is asked only when the words
change, and the endpointer says when the caller has finished. Time is the caller's audio time in ms.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ivr.errors import OverloadedError, RecogniserLostError
from ivr.ports import (
    FRAME_MS,
    CallerFrame,
    FinalWords,
    GrammarName,
    IntentClassifier,
    PartialWords,
    RecognisedWords,
    RecogniserPool,
    RecogniserStream,
    VoiceDetector,
)
from ivr.steering.endpointing import Endpoint, Endpointer, EndpointReason, SpeechBegan
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy
from ivr.steering.speech_gate import SpeechGate

# The recogniser's last word is waited for this long; then the partial words count.
_FINAL_WORDS_MS = 500
_WITHOUT_FINAL_WORDS = frozenset({EndpointReason.SURE, EndpointReason.NO_WORDS})


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsChanged:
    """The recogniser's words of the running utterance, and what the classifier says of them."""

    words: str = field(repr=False)
    classification: Classification | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What the caller said, once they have finished; `words` is '' for a voice without words."""

    words: str = field(repr=False)
    classification: Classification | None
    confidence: float | None
    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseStarted:
    """What had begun was a cough or a click."""


Heard = SpeechBegan | WordsChanged | Utterance | FalseStarted


class CallEars:
    """The ears of one call. Methods that touch the recogniser raise `RecogniserLostError` when it is gone.

    Deaf (nothing but `hear_voice` does anything) until `open` succeeded and `listen` was called.
    """

    def __init__(
        self, *, policy: Policy, classifier: IntentClassifier, detector: VoiceDetector
    ) -> None:
        self._classifier = classifier
        self._detector = detector
        self._endpointer = Endpointer(policy)
        self._gate = SpeechGate()
        self._stream: RecogniserStream | None = None
        self._listening = False
        self._finishing: Endpoint | None = None

    async def open(self, pool: RecogniserPool) -> bool:
        """Take a recogniser from the pool; False when there is none to spare."""
        try:
            self._stream = await pool.open(GrammarName.OPEN_QUESTION)
        except (OverloadedError, RecogniserLostError):
            return False
        return True

    async def close(self) -> None:
        """Give the recogniser back. Idempotent."""
        self._listening = False
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    async def results(self) -> AsyncIterator[RecognisedWords]:
        """The recogniser's results, to be given to `hear_words`; ends when the ears close."""
        if self._stream is not None:
            async for result in self._stream.results():
                yield result

    @property
    def in_speech(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return self._listening and (self._endpointer.in_speech or self._finishing is not None)

    def listen(self) -> None:
        """A new utterance begins here; what was heard before is forgotten."""
        if self._stream is not None:
            self._forget()
            self._listening = True

    def stop_listening(self) -> None:
        """Speech does not count any more."""
        self._listening = False

    def hear_voice(self, frame: CallerFrame) -> bool:
        """Whether a voice is in this frame."""
        return self._listening and self._detector.is_voice(frame.pcm)

    def hear_frame(self, frame: CallerFrame, *, voice: bool) -> Heard | None:
        """Take the next frame; says what it brought about."""
        at_ms = audio_ms(frame)
        if not self._listening or self._stream is None:
            return None
        if self._finishing is not None:
            return self._overdue(at_ms)
        gated = self._gate.push(is_voice=voice, pcm=frame.pcm, index=frame.index)
        if gated.forward:
            self._stream.feed(b"".join(gated.forward))
        found = self._endpointer.hear_frame(at_ms, voice=voice)
        return self._ended(found) if isinstance(found, Endpoint) else found

    def hear_words(self, result: RecognisedWords) -> Heard | None:
        """Take the recogniser's next result."""
        if not self._listening:
            return None
        match result:
            case PartialWords(text=words) if self._finishing is None:
                classification = self._classify(words)
                self._endpointer.hear_words(words, classification)
                return WordsChanged(words=words, classification=classification)
            case FinalWords(text=words, confidence=confidence) if self._finishing is not None:
                return self._utterance(self._finishing, words, confidence)
        return None

    def _ended(self, endpoint: Endpoint) -> Heard | None:
        assert self._stream is not None  # noqa: S101
        if endpoint.reason is EndpointReason.FALSE_START:
            self._forget()
            return FalseStarted()
        if endpoint.reason in _WITHOUT_FINAL_WORDS:
            return self._utterance(endpoint, endpoint.words, None)
        self._finishing = endpoint
        self._stream.finish()
        return None

    def _overdue(self, at_ms: int) -> Utterance | None:
        assert self._finishing is not None  # noqa: S101
        if at_ms - self._finishing.at_ms < _FINAL_WORDS_MS:
            return None
        return self._utterance(self._finishing, self._finishing.words, None)

    def _utterance(self, endpoint: Endpoint, words: str, confidence: float | None) -> Utterance:
        same = words == endpoint.words
        classification = endpoint.classification if same else self._classify(words)
        self._forget()
        return Utterance(
            words=words, classification=classification, confidence=confidence, endpoint=endpoint
        )

    def _classify(self, words: str) -> Classification | None:
        return self._classifier.classify(words) if words.strip() else None

    def _forget(self) -> None:
        self._finishing = None
        self._gate.close()
        self._endpointer.reset()
        if self._stream is not None:
            self._stream.reset(GrammarName.OPEN_QUESTION)


def audio_ms(frame: CallerFrame) -> int:
    """The caller's audio time at which the frame ends."""
    return (frame.index + 1) * FRAME_MS
