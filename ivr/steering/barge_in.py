"""Barge-in: how a prompt yields to a caller who talks over it, and returns when nobody did.

A voice alone lowers the prompt: it may be a cough, the street, or the prompt's own echo. Words stop
it: two, or one that has stood for `lone_word_ms` (200), for recognisers guess single words from
noise and take them back. A key stops it at once. When the voice has ended and `false_start_ms`
(600) pass without words, the prompt is loud again. A voice that brings no words for `noise_ms`
(2000) is noise: the prompt is loud again and stays so until that voice has ended.

Words that repeat the prompt in its order ("how can I help", even with gaps) are the prompt's echo
from the caller's own line and count for nothing. The price: a caller who says nothing but such
words over the prompt ("help") is not heard until the prompt has ended.

Time is the caller's audio time in ms, as in `ivr.steering.endpointing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.steering.policy import BargeInTimings
from ivr.steering.voice_run import VoiceRun

FULL_GAIN = 1.0
_WORDS_ENOUGH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SetGain:
    """Play on with this loudness (0..1; 1 is as recorded)."""

    gain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlayback:
    """Stop the prompt: the caller has the word."""


Command = SetGain | StopPlayback


class _Mode(StrEnum):
    FULL = "full"
    LOWERED = "lowered"
    NOISE = "noise"
    STOPPED = "stopped"


def repeats_prompt(words: tuple[str, ...], prompt_words: tuple[str, ...]) -> bool:
    """Whether `words` are what the prompt says, in its order, with gaps. True for no words.

    Both as `ivr.steering.text.spoken_words` gives them.
    """
    rest = iter(prompt_words)
    return all(word in rest for word in words)


class BargeIn:
    """Barge-in for one playing prompt; make a new one for the next. No clock.

    `prompt_words` are the prompt's text as `ivr.steering.text.spoken_words` gives it.
    """

    def __init__(self, timings: BargeInTimings, prompt_words: tuple[str, ...]) -> None:
        self._timings = timings
        self._prompt_words = prompt_words
        self._voice_run = VoiceRun()
        self._mode = _Mode.FULL
        self._gain = FULL_GAIN
        self._words: tuple[str, ...] = ()
        self._words_began_ms = 0
        self._lowered_ms = 0
        self._last_voice_ms = 0
        self._now_ms = 0

    @property
    def has_stopped_prompt(self) -> bool:
        """Whether the caller has interrupted; nothing more is commanded after that."""
        return self._mode is _Mode.STOPPED

    @property
    def gain(self) -> float:
        """The loudness last commanded; a prompt that was stopped leaves it as it is."""
        return self._gain

    def hear_frame(self, at_ms: int, *, voice: bool) -> Command | None:
        """Take the next frame, which ends at `at_ms`."""
        self._now_ms = at_ms
        running = self._voice_run.hear_frame(voice=voice)
        if running:
            self._last_voice_ms = at_ms
        if self._mode is not _Mode.STOPPED and self._has_lone_word():
            return self._stop()
        if self._mode is _Mode.FULL and running:
            return self._lower()
        if self._mode is _Mode.LOWERED:
            return self._restore_if_nobody_speaks()
        if self._mode is _Mode.NOISE and self._is_quiet():
            self._mode = _Mode.FULL
        return None

    def hear_words(self, words: tuple[str, ...]) -> Command | None:
        """Take the latest partial words, as heard by the last frame."""
        if self.has_stopped_prompt:
            return None
        own = () if repeats_prompt(words, self._prompt_words) else words
        if own and not self._words:
            self._words_began_ms = self._now_ms
        self._words = own
        return self._stop() if len(own) >= _WORDS_ENOUGH else None

    def press_key(self) -> Command | None:
        """A key was pressed."""
        return None if self.has_stopped_prompt else self._stop()

    def _lower(self) -> Command:
        self._mode = _Mode.LOWERED
        self._lowered_ms = self._now_ms
        return self._set_gain(self._timings.lowered_gain)

    def _set_gain(self, gain: float) -> Command:
        self._gain = gain
        return SetGain(gain=gain)

    def _stop(self) -> Command:
        self._mode = _Mode.STOPPED
        return StopPlayback()

    def _has_lone_word(self) -> bool:
        return bool(self._words) and (
            self._now_ms - self._words_began_ms >= self._timings.lone_word_ms
        )

    def _is_quiet(self) -> bool:
        return self._now_ms - self._last_voice_ms >= self._timings.false_start_ms

    def _restore_if_nobody_speaks(self) -> Command | None:
        if self._words:
            return None
        if self._is_quiet():
            self._mode = _Mode.FULL
            return self._set_gain(FULL_GAIN)
        if self._now_ms - self._lowered_ms >= self._timings.noise_ms:
            self._mode = _Mode.NOISE
            return self._set_gain(FULL_GAIN)
        return None
