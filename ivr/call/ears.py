"""What one call hears: voice, words and the ends of utterances, from frames and a recogniser's results.

Voice activity gates the sound, the recogniser makes words, the classifier is asked only when the words
change, and turn taking says who has the word and when the caller has finished. Time is the caller's
audio time in ms.
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
from ivr.steering.barge_in import SetGain, StopPlayback
from ivr.steering.endpointing import Endpoint, EndpointReason, SpeechBegan
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy
from ivr.steering.speech_gate import SpeechGate
from ivr.steering.turn_taking import DropWords, Signal, TurnTaking

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
    """What the caller said, once they have finished; `words` is '' for a voice without words.

    `confidence` is the recogniser's own (0..1) of all words, `word_confidences` of each; None and ()
    where it has none, and always when partial words counted.
    """

    words: str = field(repr=False)
    classification: Classification | None
    confidence: float | None
    endpoint: Endpoint
    word_confidences: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseStarted:
    """What had begun was a cough or a click."""


Heard = SetGain | StopPlayback | SpeechBegan | WordsChanged | Utterance | FalseStarted


class CallEars:
    """The ears of one call.

    `listen`, `end_prompt`, `hear_frame` and `hear_words` order the recogniser about: each of them may
    raise `RecogniserLostError`.

    Deaf until `open` succeeded and `listen` was called. What comes back is to be carried out in order.
    """

    def __init__(
        self, *, policy: Policy, classifier: IntentClassifier, detector: VoiceDetector
    ) -> None:
        self._classifier = classifier
        self._detector = detector
        self._turns = TurnTaking(policy)
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

    def listen(self) -> tuple[Heard, ...]:
        """A new utterance begins here; what was heard before is forgotten, so nothing comes back."""
        if self._stream is not None:
            self._turns.begin_utterance()
            self._forget()
            self._listening = True
        return ()

    def stop_listening(self) -> None:
        """Speech does not count any more."""
        self._listening = False

    def start_prompt(self, prompt_words: tuple[str, ...]) -> None:
        """A prompt plays that the caller may talk over."""
        self._turns.start_prompt(prompt_words)

    def end_prompt(self) -> tuple[Heard, ...]:
        """No prompt plays any more. Harmless when none did."""
        return self._carried_out(self._turns.end_prompt())

    def hear_frame(self, frame: CallerFrame) -> tuple[Heard, ...]:
        """Take the next 20 ms; says what they brought about."""
        if not self._listening or self._stream is None:
            return ()
        at_ms = audio_ms(frame)
        if self._finishing is not None:
            return self._overdue(self._finishing, at_ms)
        voice = self._detector.is_voice(frame.pcm)
        gated = self._gate.push(is_voice=voice, pcm=frame.pcm, index=frame.index)
        if gated.forward:
            self._stream.feed(b"".join(gated.forward))
        return self._carried_out(self._turns.hear_frame(at_ms, voice=voice))

    def hear_words(self, result: RecognisedWords) -> tuple[Heard, ...]:
        """Take the recogniser's next result."""
        if not self._listening:
            return ()
        match result:
            case PartialWords(text=words) if self._finishing is None:
                classification = self._classify(words)
                signals = self._turns.hear_words(words, classification)
                changed = WordsChanged(words=words, classification=classification)
                return (changed, *self._carried_out(signals))
            case FinalWords() if self._finishing is not None:
                return (self._utterance(self._finishing, result),)
        return ()

    def _carried_out(self, signals: tuple[Signal, ...]) -> tuple[Heard, ...]:
        """Do what concerns the recogniser, pass on what concerns the call."""
        heard: list[Heard] = []
        for signal in signals:
            match signal:
                case Endpoint():
                    heard += self._ended(signal)
                case DropWords():
                    self._forget()
                case _:
                    heard.append(signal)
        return tuple(heard)

    def _ended(self, endpoint: Endpoint) -> tuple[Heard, ...]:
        if endpoint.reason is EndpointReason.FALSE_START:
            self._forget()
            return (FalseStarted(),)
        if endpoint.reason in _WITHOUT_FINAL_WORDS or self._stream is None:
            return (self._utterance(endpoint, FinalWords(text=endpoint.words, confidence=None)),)
        self._finishing = endpoint
        self._stream.finish()
        return ()

    def _overdue(self, endpoint: Endpoint, at_ms: int) -> tuple[Heard, ...]:
        if at_ms - endpoint.at_ms < _FINAL_WORDS_MS:
            return ()
        return (self._utterance(endpoint, FinalWords(text=endpoint.words, confidence=None)),)

    def _utterance(self, endpoint: Endpoint, final: FinalWords) -> Utterance:
        same = final.text == endpoint.words
        classification = endpoint.classification if same else self._classify(final.text)
        self._forget()
        return Utterance(
            words=final.text,
            classification=classification,
            confidence=final.confidence,
            endpoint=endpoint,
            word_confidences=final.word_confidences,
        )

    def _classify(self, words: str) -> Classification | None:
        return self._classifier.classify(words) if words.strip() else None

    def _forget(self) -> None:
        """The recogniser starts afresh, and the gate with it."""
        self._finishing = None
        self._gate.close()
        if self._stream is not None:
            self._stream.reset(GrammarName.OPEN_QUESTION)


def audio_ms(frame: CallerFrame) -> int:
    """The caller's audio time at which the frame ends."""
    return (frame.index + 1) * FRAME_MS
