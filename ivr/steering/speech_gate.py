"""Which frames of a call the recogniser hears: a gate with pre-roll, hysteresis and hang-over.

Pure: frames and the voice detector's word for each go in, frozen outcomes come out. Frames are
20 ms.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """How willingly the gate opens and closes; everything in frames of 20 ms.

    It opens when `opening_voiced` of the last `opening_window` frames hold a voice, and closes when
    `hangover` frames in a row hold none. `preroll` frames from before the first voiced one are
    forwarded too, so that a soft first sound ("PIN") is heard.
    """

    opening_voiced: int = 4
    opening_window: int = 6
    preroll: int = 12
    hangover: int = 15

    def __post_init__(self) -> None:
        if not 1 <= self.opening_voiced <= self.opening_window:
            raise ValueError("opening_voiced must lie between 1 and opening_window")
        if self.preroll < 0 or self.hangover < 1:
            raise ValueError("preroll must be 0 or more, hangover 1 or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOutcome:
    """What one frame brought about.

    `forward` holds the frames for the recogniser, oldest first: none while the gate is closed, the
    pre-roll and all since on opening, one frame while open. `voice_started` is the index of the
    first voiced frame of the stretch that opened the gate, on the opening frame only. `voice_ended`
    is the index of the last voiced frame, on the closing frame only. `last_voiced` is the index of
    the last voiced frame while the gate is open or just closed, else None.
    """

    forward: tuple[bytes, ...] = ()
    voice_started: int | None = None
    voice_ended: int | None = None
    last_voiced: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    pcm: bytes
    index: int
    is_voice: bool


class SpeechGate:
    """The gate of one call; keeps at most pre-roll and opening window (the oldest frame goes)."""

    def __init__(self, settings: GateSettings | None = None) -> None:
        self._settings = settings or GateSettings()
        self._kept: deque[_Kept] = deque(
            maxlen=self._settings.preroll + self._settings.opening_window
        )
        self._last_voiced: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether speech is passing."""
        return self._last_voiced is not None

    def push(self, *, is_voice: bool, pcm: bytes, index: int) -> GateOutcome:
        """Take the next frame. `index` grows from call to call; gaps count as silence."""
        frame = _Kept(pcm=pcm, index=index, is_voice=is_voice)
        if self._last_voiced is None:
            return self._wait(frame)
        return self._pass(frame, index if is_voice else self._last_voiced)

    def close(self) -> GateOutcome:
        """Shut the gate at once (a prompt follows); what was kept is forgotten."""
        ended, self._last_voiced = self._last_voiced, None
        self._kept.clear()
        return GateOutcome(voice_ended=ended, last_voiced=ended)

    def _wait(self, frame: _Kept) -> GateOutcome:
        self._kept.append(frame)
        oldest = frame.index - self._settings.opening_window
        voiced = [kept.index for kept in self._kept if kept.is_voice and kept.index > oldest]
        if len(voiced) < self._settings.opening_voiced:
            return GateOutcome()
        started = voiced[0]
        forward = tuple(
            kept.pcm for kept in self._kept if kept.index >= started - self._settings.preroll
        )
        self._kept.clear()
        self._last_voiced = voiced[-1]
        return GateOutcome(forward=forward, voice_started=started, last_voiced=self._last_voiced)

    def _pass(self, frame: _Kept, last_voiced: int) -> GateOutcome:
        if frame.index - last_voiced < self._settings.hangover:
            self._last_voiced = last_voiced
            return GateOutcome(forward=(frame.pcm,), last_voiced=last_voiced)
        self._last_voiced = None
        self._kept.append(frame)
        return GateOutcome(voice_ended=last_voiced, last_voiced=last_voiced)
