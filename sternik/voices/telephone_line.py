"""A telephone line for spoken sentences: levels, noise, hiss, µ-law, and the voice gate behind it.

What comes out is what a recogniser gets in a call: 8 kHz, 16 bit, once through G.711 µ-law, gated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ivr.models.voice_activity import WebRtcVoiceDetector
from ivr.ports import FRAME_BYTES, SAMPLE_RATE_HZ
from ivr.steering.speech_gate import SpeechGate
from ivr.wav import float_from_pcm, pcm_from_float
from sternik.softphone.g711 import Codec, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

LEVEL_DBOV = -26.0
"""Speech level of telephony measurements (ITU-T P.56, P.830); 0 dBov is a full-scale square wave."""
LINE_NOISE_DBOV = -78.0
ACTIVE_RANGE_DB = 30.0
SECONDS_BEFORE = 0.5
SECONDS_AFTER = 0.8

_FRAME_SAMPLES = FRAME_BYTES // 2


def on_the_line(
    speech: bytes, noise: Samples | None = None, *, snr_db: float = 0.0, gain_db: float = 0.0
) -> bytes:
    """`speech` as a call brings it: at -26 dBov, with pauses around, noise, gain, hiss and µ-law.

    `noise` goes on all the time, repeated as needed, `snr_db` below the speech (root mean squares:
    of the noise over the whole call, of the speech where it is active).
    """
    spoken = float_from_pcm(speech)
    level = active_level(spoken)
    spoken = spoken * (_amplitude(LEVEL_DBOV) / level if level else 0.0)
    before, after = (round(s * SAMPLE_RATE_HZ) for s in (SECONDS_BEFORE, SECONDS_AFTER))
    call = np.concatenate([np.zeros(before), spoken, np.zeros(after)]).astype(np.float32)
    if noise is not None:
        call = call + at_level(np.resize(noise, len(call)), LEVEL_DBOV - snr_db)
    return through_mu_law(call * np.float32(_amplitude(gain_db)))


def through_mu_law(call: Samples) -> bytes:
    """What arrives at the other end of a line with a little hiss; whole frames."""
    hiss = np.random.default_rng(1).normal(0, _amplitude(LINE_NOISE_DBOV), len(call))
    pcm = pcm_from_float((call + hiss).astype(np.float32))
    pcm = pcm[: len(pcm) // FRAME_BYTES * FRAME_BYTES]
    return decode(Codec.PCMU, encode(Codec.PCMU, pcm))


def at_level(samples: Samples, dbov: float) -> Samples:
    """Scale to a root mean square; silence stays silence."""
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    scaled: Samples = samples * np.float32(_amplitude(dbov) / level if level else 0.0)
    return scaled


def active_level(samples: Samples) -> float:
    """Root mean square (0..1) of the 20 ms frames that are within 30 dB of the loudest one."""
    frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].astype(np.float64)
    powers = np.square(frames.reshape(-1, _FRAME_SAMPLES)).mean(axis=1)
    if not len(powers):
        return 0.0
    active = powers[powers >= powers.max() * 10 ** (-ACTIVE_RANGE_DB / 10)]
    return float(np.sqrt(active.mean()))


def _amplitude(dbov: float) -> float:
    return float(10 ** (dbov / 20))


def gated(pcm: bytes) -> Iterator[bytes]:
    """The frames that the recogniser gets."""
    gate, detector = SpeechGate(), WebRtcVoiceDetector()
    for index in range(len(pcm) // FRAME_BYTES):
        frame = pcm[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
        yield from gate.push(is_voice=detector.is_voice(frame), pcm=frame, index=index).forward
