"""Who speaks for learning, and how bad the line is; all noise is of our own making."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import soxr

from ivr.errors import ConfigurationError
from ivr.ports import SAMPLE_RATE_HZ
from ivr.wav import float_from_pcm, pcm_from_float
from sternik.voices.callers import flite_pcm
from sternik.voices.programs import EspeakVoice
from sternik.voices.telephone_line import on_the_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sternik.voices.telephone_line import Samples

LEARNING_VOICES = ("slt", "awb", "kal16")
HELD_APART_VOICES = ("joe", "rms")
"""Nobody learns from these, so that figures of hearing and understanding can be taken with them."""

SPEEDS = (0.92, 1.0, 1.08)
"""Played slower and faster, pitch and all: speakers that no package carries (Ko et al. 2015)."""

NOISE_SECONDS = 60
BABBLE_SPEAKERS = 6
_FLITE = ("slt", "awb", "kal16", "kal", "rms")
_ESPEAK = "espeak"


class NoiseKind(StrEnum):
    """White hiss, pink as of traffic and fans, and many people talking."""

    WHITE = "white"
    PINK = "pink"
    BABBLE = "babble"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Noise on the line, `snr_db` below the speech; none without a kind."""

    kind: NoiseKind | None = None
    snr_db: float = 0.0

    @property
    def name(self) -> str:
        """As it is written down: `clean`, `babble-20dB`."""
        return f"{self.kind}-{self.snr_db:.0f}dB" if self.kind else "clean"


CONDITIONS = (
    Condition(),
    Condition(kind=NoiseKind.PINK, snr_db=20),
    Condition(kind=NoiseKind.BABBLE, snr_db=20),
    Condition(),
    Condition(kind=NoiseKind.WHITE, snr_db=25),
    Condition(),
    Condition(kind=NoiseKind.PINK, snr_db=25),
)


def spoken(text: str, voice: str, speed: float = 1.0) -> bytes:
    """What a voice says, as 16-bit PCM, 8 kHz; blocks for some 0.2 s. Raises `ConfigurationError`."""
    if voice in _FLITE:
        pcm = flite_pcm(text, voice)
    elif voice == _ESPEAK:
        (pcm,) = EspeakVoice("en-us").speak([text])
    else:
        raise ConfigurationError(
            f"no voice is called {voice!r}", advice=f"Use {', '.join((*_FLITE, _ESPEAK))}."
        )
    if speed == 1.0:
        return pcm
    samples = soxr.resample(float_from_pcm(pcm), SAMPLE_RATE_HZ * speed, SAMPLE_RATE_HZ)
    return pcm_from_float(samples.astype(np.float32))


class Line:
    """A telephone line with noises made once from a seed, a minute of each."""

    def __init__(self, babble: Sequence[bytes], seed: int) -> None:
        """`babble` are sentences of at least `BABBLE_SPEAKERS` utterances, 8 kHz PCM."""
        random = np.random.default_rng(seed)
        count = NOISE_SECONDS * SAMPLE_RATE_HZ
        white = random.normal(0, 0.1, count).astype(np.float32)
        self._noises = {
            NoiseKind.WHITE: white,
            NoiseKind.PINK: _pink(random.normal(0, 0.1, count)),
            NoiseKind.BABBLE: _babble(babble, count, random),
        }

    def carried(self, speech: bytes, condition: Condition, first_sample: int) -> bytes:
        """What arrives: `speech` with noise from its `first_sample` (any number) on, µ-law once."""
        if condition.kind is None:
            return on_the_line(speech)
        noise = self._noises[condition.kind]
        noise = np.roll(noise, -(first_sample % len(noise)))
        return on_the_line(speech, noise, snr_db=condition.snr_db)


def _pink(white: NDArray[np.float64]) -> Samples:
    """Power falls with frequency: 3 dB an octave."""
    spectrum = np.fft.rfft(white)
    made = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(white))
    return np.asarray(made / np.abs(made).max(), dtype=np.float32)


def _babble(sentences: Sequence[bytes], count: int, random: np.random.Generator) -> Samples:
    """Several speakers at once, each saying all sentences from another place on."""
    speech = np.concatenate([float_from_pcm(pcm) for pcm in sentences])
    starts = random.integers(len(speech), size=BABBLE_SPEAKERS)
    mixed = sum(np.resize(np.roll(speech, -int(start)), count) for start in starts)
    return np.asarray(mixed / BABBLE_SPEAKERS, dtype=np.float32)
