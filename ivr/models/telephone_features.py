"""From telephone speech to the cepstra that PocketSphinx's acoustic model was trained on.

The model knows 16 kHz speech: 25 mel bands from 130 to 6800 Hz, of which a telephone carries the lower
19. The upper six are guessed from those, by a linear map that was fitted on four people's recordings
(see `upper_bands.json`). Everything else is what PocketSphinx's own front end does (window, pre-emphasis,
filters, cosine transform and lifter, to five digits the same), computed at 8 kHz.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Final

import numpy as np

from ivr.models.noise_removal import NoiseRemoval, NoiseRemovalSettings
from ivr.ports import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

CEPSTRA: Final = 13
BANDS: Final = 25
HOP_SAMPLES: Final = SAMPLE_RATE_HZ // 100
WINDOW_SAMPLES: Final = 205

_FFT_SAMPLES: Final = 256
_LOWEST_HZ: Final = 130.0
_HIGHEST_HZ: Final = 6800.0
_MODEL_RATE_HZ: Final = 16_000
_PRE_EMPHASIS: Final = 0.97
_LIFTER: Final = 22
_LOG_FLOOR: Final = 1e-4


class TelephoneFeatures:
    """Cepstra of one stream, a hundred a second; the last 125 samples of it wait for the next."""

    def __init__(self, noise: NoiseRemovalSettings | None = None) -> None:
        noise = noise or NoiseRemovalSettings()
        self._learning_frames = noise.learning_frames
        self._noise = NoiseRemoval(TELEPHONE_BANDS, noise)
        self.clear()

    def clear(self) -> None:
        """Forget the past, its noise too: the next sample begins a new stream."""
        self._samples = np.zeros(0)
        self._learned_from: list[Matrix] = []
        self._noise.forget()

    def hear(self, pcm: bytes) -> NDArray[np.float32]:
        """Cepstra, shape `(n_frames, 13)`, that 8 kHz 16-bit little-endian `pcm` completes.

        None for the first 100 ms, whose noise is learned, then all of those at once.
        """
        powers = self._powers(np.frombuffer(pcm, dtype="<i2"))
        if self._noise.is_learning:
            self._learned_from += list(powers)
            if len(self._learned_from) < self._learning_frames:
                return np.zeros((0, CEPSTRA), dtype=np.float32)
            return self.finish()
        return self._cepstra(powers)

    def finish(self) -> NDArray[np.float32]:
        """What is still held back of a stream shorter than 100 ms; more may follow."""
        if not self._noise.is_learning or not self._learned_from:
            return np.zeros((0, CEPSTRA), dtype=np.float32)
        powers = np.stack(self._learned_from)
        self._noise.start(powers[: self._learning_frames])
        self._learned_from = []
        return self._cepstra(powers)

    def _powers(self, samples: NDArray[np.int16]) -> Matrix:
        """Mel powers, shape `(n_frames, TELEPHONE_BANDS)`."""
        self._samples = np.concatenate([self._samples, samples])
        count = (len(self._samples) - WINDOW_SAMPLES) // HOP_SAMPLES + 1
        if count <= 0:
            return np.zeros((0, TELEPHONE_BANDS))
        windows = self._samples[np.arange(count)[:, None] * HOP_SAMPLES + np.arange(WINDOW_SAMPLES)]
        spectra = np.fft.rfft(windows * _WINDOW, _FFT_SAMPLES)
        self._samples = self._samples[count * HOP_SAMPLES :]
        return np.asarray((spectra.real**2 + spectra.imag**2) @ _FILTERS)

    def _cepstra(self, powers: Matrix) -> NDArray[np.float32]:
        if not len(powers):
            return np.zeros((0, CEPSTRA), dtype=np.float32)
        clean = np.stack([self._noise.clean(frame) for frame in powers])
        return np.asarray(np.log(clean + _LOG_FLOOR) @ _TO_CEPSTRA + _OFFSET, dtype=np.float32)


def mel_edges_hz() -> Matrix:
    """Edges of the 25 overlapping triangles on the FFT's grid, shape `(27,)`."""
    grid_hz = SAMPLE_RATE_HZ / _FFT_SAMPLES
    low, high = 2595 * np.log10(1 + np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700)
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    return np.asarray(np.floor(edges / grid_hz + 0.5) * grid_hz)


def _filters(edges_hz: Matrix) -> Matrix:
    """Power spectrum to mel powers, shape `(129, TELEPHONE_BANDS)`.

    Triangles of unit area, times the pre-emphasis that a 16 kHz signal would have had, times the
    four that its twice as many samples would have given.
    """
    hz = np.arange(_FFT_SAMPLES // 2 + 1) * SAMPLE_RATE_HZ / _FFT_SAMPLES
    low, middle, high = (edges_hz[start : start + TELEPHONE_BANDS] for start in range(3))
    rising = (hz[:, None] - low) / (middle - low)
    falling = (high - hz[:, None]) / (high - middle)
    triangles = np.clip(np.minimum(rising, falling), 0, None) * 2 / (high - low)
    emphasis = np.abs(1 - _PRE_EMPHASIS * np.exp(-2j * np.pi * hz / _MODEL_RATE_HZ)) ** 2
    return np.asarray(4 * emphasis[:, None] * triangles)


def _liftered_cosines() -> Matrix:
    """Log mel powers to cepstra, shape `(25, 13)`: orthonormal DCT-II, then the lifter."""
    band, order = np.arange(BANDS)[:, None], np.arange(CEPSTRA)
    cosines = np.cos(np.pi * order * (band + 0.5) / BANDS) * np.sqrt(2 / BANDS)
    cosines[:, 0] = np.sqrt(1 / BANDS)
    return np.asarray(cosines * (1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER)))


def _guessing_the_upper_bands() -> tuple[Matrix, Matrix]:
    """Matrix `(TELEPHONE_BANDS, 13)` and offset `(13,)` from lower log powers to cepstra."""
    known = json.loads(files("ivr.models").joinpath("upper_bands.json").read_text("utf-8"))
    weights, bias = np.array(known["weights"]), np.array(known["bias"])
    cosines = _liftered_cosines()
    lower, upper = cosines[:TELEPHONE_BANDS], cosines[TELEPHONE_BANDS:]
    return lower + weights @ upper, bias @ upper


TELEPHONE_BANDS: Final = int((mel_edges_hz()[2:] <= SAMPLE_RATE_HZ / 2).sum())
_WINDOW = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / (WINDOW_SAMPLES - 1))
_FILTERS = _filters(mel_edges_hz())
_TO_CEPSTRA, _OFFSET = _guessing_the_upper_bands()
