"""Turn taking: endpointing and barge-in of one call, together, so that neither misreads the other.

While an interruptible prompt plays, speech counts only once it has stopped the prompt, by barge-in
or by being a finished utterance with words; what else ends under the prompt was echo or noise and
is dropped. When the prompt has ended, a voice without words of its own begins anew: it may have
been all echo, and a caller who still talks is heard from there.

Time is the caller's audio time in ms, as in `ivr.steering.endpointing`. How it meets the dialogue:

| here                    | dialogue                                                               |
|-------------------------|------------------------------------------------------------------------|
| `SetGain`               | nothing; 1 again whenever a prompt has ended                           |
| `StopPlayback`          | nothing: `SpeechBegan` follows                                         |
| `SpeechBegan`           | event `SpeechStarted`                                                  |
| `Endpoint`, false start | event `FalseStart`; the recogniser starts afresh                       |
| `Endpoint`, no words    | event `UtteranceEnded` with words ''                                   |
| `Endpoint`, sure        | event `UtteranceEnded` with its words and classification               |
| `Endpoint`, other       | event `UtteranceEnded` with the recogniser's final words               |
| `DropWords`             | nothing; the recogniser starts afresh                                  |
| `begin_utterance()`     | action `Listen`                                                        |
| `start_prompt()`        | action `PlayPrompt`, if interruptible                                  |
| `end_prompt()`          | action `StopPrompt`; event `PromptFinished`, before the dialogue hears |
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.steering.barge_in import (
    FULL_GAIN,
    BargeIn,
    Command,
    SetGain,
    StopPlayback,
    repeats_prompt,
)
from ivr.steering.endpointing import Endpoint, Endpointer, SpeechBegan
from ivr.steering.intents import Classification
from ivr.steering.policy import Policy
from ivr.steering.text import plain_words


@dataclass(frozen=True, slots=True, kw_only=True)
class DropWords:
    """What was heard so far was the prompt's echo or noise under it: forget it."""


Signal = Command | SpeechBegan | Endpoint | DropWords


class TurnTaking:
    """Who has the word in one call. No clock; signals are to be carried out in their order."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._endpointer = Endpointer(policy)
        self._barge_in: BargeIn | None = None
        self._prompt_words: tuple[str, ...] = ()
        self._heard_echo = False
        self._has_own_words = False
        self._announced = False
        self._now_ms = 0

    def begin_utterance(self) -> None:
        """Forget what was heard: a new answer is awaited. A prompt that plays goes on."""
        self._endpointer.reset()
        self._forget_words()

    def start_prompt(self, prompt_words: tuple[str, ...]) -> None:
        """Let an interruptible prompt begin; its words as `text.spoken_words` gives them."""
        self._prompt_words = prompt_words
        self._barge_in = BargeIn(self._policy.barge_in, prompt_words)

    def end_prompt(self) -> tuple[Signal, ...]:
        """The prompt has ended or was stopped. Harmless when none plays."""
        if self._barge_in is None:
            return ()
        signals = self._release_prompt()
        if self._has_own_words:
            return self._with_announcement(signals)
        dropped = (DropWords(),) if self._heard_echo else ()
        self.begin_utterance()
        return (*signals, *dropped)

    def hear_frame(self, at_ms: int, *, voice: bool) -> tuple[Signal, ...]:
        """Take the next 20 ms of the caller, ending at `at_ms`."""
        self._now_ms = at_ms
        command = self._barge_in.hear_frame(at_ms, voice=voice) if self._barge_in else None
        signals = self._obey(command)
        heard = self._endpointer.hear_frame(at_ms, voice=voice)
        if isinstance(heard, Endpoint):
            return (*signals, *self._end_utterance(heard))
        return self._with_announcement(signals)

    def hear_words(self, words: str, classification: Classification | None) -> tuple[Signal, ...]:
        """Take the latest partial words (lower case, as recognised) and their classification."""
        split = tuple(plain_words(words))
        is_echo = self._barge_in is not None and repeats_prompt(split, self._prompt_words)
        self._heard_echo = is_echo and bool(split)
        self._has_own_words = bool(split) and not is_echo
        if self._has_own_words:
            self._endpointer.hear_words(words, classification)
        else:
            self._endpointer.hear_words("", None)
        command = self._barge_in.hear_words(split) if self._barge_in else None
        return self._with_announcement(self._obey(command))

    def _obey(self, command: Command | None) -> tuple[Signal, ...]:
        if isinstance(command, StopPlayback):
            return (command, *self._release_prompt())
        return () if command is None else (command,)

    def _release_prompt(self) -> tuple[Signal, ...]:
        """Nothing plays any more; the next prompt must not begin lowered."""
        lowered = self._barge_in is not None and self._barge_in.gain < FULL_GAIN
        self._barge_in = None
        return (SetGain(gain=FULL_GAIN),) if lowered else ()

    def _end_utterance(self, endpoint: Endpoint) -> tuple[Signal, ...]:
        """Words that are settled before barge-in trusts them interrupt the prompt all the same."""
        if self._barge_in is not None and not endpoint.words:
            self._forget_words()
            return (DropWords(),)
        interruption: tuple[Signal, ...] = ()
        if self._barge_in is not None:
            interruption = (StopPlayback(), *self._release_prompt())
        announcement = () if self._announced else (SpeechBegan(at_ms=endpoint.at_ms),)
        self._forget_words()
        return (*interruption, *announcement, endpoint)

    def _with_announcement(self, signals: tuple[Signal, ...]) -> tuple[Signal, ...]:
        """Say once that speech has begun, as soon as no prompt plays any more."""
        if self._announced or self._barge_in is not None or not self._endpointer.in_speech:
            return signals
        self._announced = True
        return (*signals, SpeechBegan(at_ms=self._now_ms))

    def _forget_words(self) -> None:
        self._heard_echo = self._has_own_words = self._announced = False
