"""Endpointing: has the caller finished? Silence, settled words and the classifier decide together.

Time is the caller's audio time in ms: a frame's `at_ms` is (index + 1) * 20, where it ends. `voice`
is the detector's word on that very frame, before any hang-over is added for the recogniser's sake.

How long a silence ends an utterance (values from `policy.endpointing`; those shipped in brackets):

| what the words mean so far | complete                     | ends in "my", "to", "the"            |
|----------------------------|------------------------------|--------------------------------------|
| sure (`early` reached)     | `sure_silence_ms` (220)      | + `unfinished_extra_ms` (400)        |
| accepted                   | `accepted_silence_ms` (450)  | + `unfinished_extra_ms`              |
| unsure                     | `unsure_silence_ms` (800)    | + `unfinished_extra_ms`              |

- 220 ms: closures inside words ("ca-rd", "lo-st") stay below 150 ms, pauses between phrases begin
  at about 200 ms. Acting in one is safe only if more words would not change the route. It leaves
  280 ms of the goal (500 ms from the last sample of speech to the next prompt) for the recogniser
  and the network.
- 450 ms: outlasts a pause for breath (up to 400 ms), yet feels like an attentive listener.
- 800 ms: a caller who is looking for words pauses for 500-700 ms; cutting them off costs a whole
  turn.
- +400 ms: nobody stops at "my", so the caller is thinking, or the recogniser has not caught up.
- Fewer than `sure_words` (3) are at most accepted: a classifier is sure of "someone" already, and the
  caller only draws breath for "stole my card". Other speech does not count; where it is too much (see
  `policy.hearing`), nothing is accepted.
- The words must not have changed for `stable_words_ms` (160): the recogniser runs behind the voice.
- Without any words: `no_words_silence_ms` (1200), then a voice shorter than `false_start_voice_ms`
  (400) was a cough, a longer one was somebody whom the recogniser did not understand.

No utterance ends while a voice runs, however sure the classifier: we do not talk over callers. The
one exception is `max_utterance_ms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ivr.steering.acceptance import Sureness, judge
from ivr.steering.hearing import hearing_of
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy
from ivr.steering.text import is_other_speech
from ivr.steering.voice_run import FRAME_MS, VoiceRun


class EndpointReason(StrEnum):
    """Why an utterance ended: the first three name how sure the classifier was."""

    SURE = "sure"
    ACCEPTED = "accepted"
    UNSURE = "unsure"
    NO_WORDS = "no_words"
    FALSE_START = "false_start"
    MAX_LENGTH = "max_length"


_REASONS = {
    Sureness.SURE: EndpointReason.SURE,
    Sureness.ACCEPTED: EndpointReason.ACCEPTED,
    Sureness.UNSURE: EndpointReason.UNSURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBegan:
    """A voice, or words from a voice too soft for the detector, were heard at `at_ms`."""

    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """The utterance ended at `at_ms`, after `silence_ms` without and `voice_ms` with a voice.

    `words` and `classification` are the latest partial ones: with the reason `SURE` they are
    settled and may be acted on without the recogniser's final words.
    """

    reason: EndpointReason
    at_ms: int
    silence_ms: int
    voice_ms: int
    words: str = field(repr=False)
    classification: Classification | None


@dataclass(slots=True, kw_only=True)
class _Utterance:
    """What is known of the utterance that runs."""

    began_ms: int
    last_voice_ms: int
    voice_ms: int = 0
    words: str = ""
    words_changed_ms: int = 0
    classification: Classification | None = None
    sureness: Sureness = Sureness.UNSURE


class Endpointer:
    """Finds the end of one utterance after the other in one caller's frames and words. No clock."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._timings = policy.endpointing
        self._voice_run = VoiceRun()
        self._utterance: _Utterance | None = None
        self._began_by_words = False
        self._now_ms = 0

    @property
    def in_speech(self) -> bool:
        """Whether an utterance has begun and not ended."""
        return self._utterance is not None

    def reset(self) -> None:
        """Forget the utterance that runs; a voice that is still heard begins a new one."""
        self._utterance = None
        self._began_by_words = False

    def hear_words(self, words: str, classification: Classification | None) -> None:
        """Take the latest partial words and their classification (None: not classified).

        They count from the last frame's time. Words that have not changed are no news.
        """
        if self._utterance is None:
            if not words:
                return
            self._utterance = _Utterance(began_ms=self._now_ms, last_voice_ms=self._now_ms)
            self._began_by_words = True
        utterance = self._utterance
        if words != utterance.words:
            utterance.words_changed_ms = self._now_ms
        utterance.words = words
        utterance.classification = classification
        utterance.sureness = self._sureness(words, classification)

    def hear_frame(self, at_ms: int, *, voice: bool) -> SpeechBegan | Endpoint | None:
        """Take the next frame, which ends at `at_ms`; says so when speech begins or has ended."""
        self._now_ms = at_ms
        running = self._voice_run.hear_frame(voice=voice)
        utterance = self._utterance
        if utterance is None:
            return self._begin(at_ms) if running else None
        if self._began_by_words:
            self._began_by_words = False
            return SpeechBegan(at_ms=at_ms)
        if running:
            utterance.voice_ms += FRAME_MS
            utterance.last_voice_ms = at_ms
        return self._end(utterance)

    def _begin(self, at_ms: int) -> SpeechBegan:
        self._utterance = _Utterance(began_ms=at_ms, last_voice_ms=at_ms, voice_ms=FRAME_MS)
        return SpeechBegan(at_ms=at_ms)

    def _end(self, utterance: _Utterance) -> Endpoint | None:
        reason = self._reason_to_end(utterance)
        if reason is None:
            return None
        self.reset()
        return Endpoint(
            reason=reason,
            at_ms=self._now_ms,
            silence_ms=self._now_ms - utterance.last_voice_ms,
            voice_ms=utterance.voice_ms,
            words=utterance.words,
            classification=utterance.classification,
        )

    def _reason_to_end(self, utterance: _Utterance) -> EndpointReason | None:
        if self._now_ms - utterance.began_ms >= self._timings.max_utterance_ms:
            return EndpointReason.MAX_LENGTH
        silence_ms = self._now_ms - utterance.last_voice_ms
        if not utterance.words:
            return self._reason_without_words(utterance, silence_ms)
        settled = self._now_ms - utterance.words_changed_ms >= self._timings.stable_words_ms
        if settled and silence_ms >= self._silence_needed_ms(utterance):
            return _REASONS[utterance.sureness]
        return None

    def _reason_without_words(
        self, utterance: _Utterance, silence_ms: int
    ) -> EndpointReason | None:
        if silence_ms < self._timings.no_words_silence_ms:
            return None
        if utterance.voice_ms < self._timings.false_start_voice_ms:
            return EndpointReason.FALSE_START
        return EndpointReason.NO_WORDS

    def _silence_needed_ms(self, utterance: _Utterance) -> int:
        timings = self._timings
        words = utterance.words.split()
        needed_ms = {
            Sureness.SURE: timings.sure_silence_ms,
            Sureness.ACCEPTED: timings.accepted_silence_ms,
            Sureness.UNSURE: timings.unsure_silence_ms,
        }[utterance.sureness]
        unfinished = words[-1].casefold() in timings.unfinished_endings
        return needed_ms + (timings.unfinished_extra_ms if unfinished else 0)

    def _sureness(self, words: str, classification: Classification | None) -> Sureness:
        if classification is None:
            return Sureness.UNSURE
        sureness = judge(classification, self._policy, hearing_of(words)).sureness
        expected = [word for word in words.split() if not is_other_speech(word)]
        too_few = len(expected) < self._timings.sure_words
        return Sureness.ACCEPTED if sureness is Sureness.SURE and too_few else sureness
