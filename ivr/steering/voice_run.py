"""Telling a voice from a click: single frames of a voice detector are not trusted."""

from __future__ import annotations

from collections import deque

FRAME_MS = 20
_WINDOW_FRAMES = 5
_VOICED_FRAMES = 3


class VoiceRun:
    """Smooths a detector's frames: a voice is 3 voiced frames of the last 5 (60 of 100 ms).

    A click (up to 40 ms) is none, a detector that flickers within a syllable still is one. No delay
    is added at the end of speech: a frame without voice never counts as voice.
    """

    def __init__(self) -> None:
        self._frames: deque[bool] = deque(maxlen=_WINDOW_FRAMES)

    def hear_frame(self, *, voice: bool) -> bool:
        """Take the next 20 ms; returns whether the caller's voice is running in it."""
        self._frames.append(voice)
        return voice and sum(self._frames) >= _VOICED_FRAMES
