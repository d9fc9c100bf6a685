"""Takes the steady noise out of mel powers, as the acoustic model's training speech had it taken out.

After Kim and Stern, "Power-Normalized Cepstral Coefficients (PNCC) for Robust Speech Recognition"
(2016): a floor that follows the lower envelope of each band is subtracted, echoes are masked, and the
gains are smoothed over neighbouring bands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bands = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseRemovalSettings:
    """Weights (0..1) are of the past, for each 10 ms.

    `learning_frames` at the start are taken for noise; they hold the gate's pre-roll, so they are
    there at once. The noise's floor rises with `rising` and falls with `falling`. What lies under
    `masking` times the decaying peak is an echo and is set to `masked` of it. No gain is under
    `least_gain`. Each band's gain is the mean over it and `smoothed_bands` on either side.
    """

    learning_frames: int = 10
    power: float = 0.7
    rising: float = 0.999
    falling: float = 0.5
    masking: float = 0.85
    masked: float = 0.2
    least_gain: float = 0.05
    smoothed_bands: int = 4


class NoiseRemoval:
    """The noise of one stream of frames; powers have the shape `(n_bands,)`."""

    def __init__(self, bands: int, settings: NoiseRemovalSettings | None = None) -> None:
        self._settings = settings or NoiseRemovalSettings()
        self._smoothing = _means_of_neighbours(bands, self._settings.smoothed_bands)
        self._noise: Bands | None = None

    @property
    def is_learning(self) -> bool:
        """Whether it waits for `start`."""
        return self._noise is None

    def start(self, powers: Bands) -> None:
        """Take the mean of these frames, shape `(n_frames, n_bands)`, for the noise."""
        self._power = powers.mean(axis=0)
        self._noise = self._power
        self._floor = self._power * self._settings.least_gain
        self._peak = np.zeros_like(self._power)

    def forget(self) -> None:
        """Another stream: learn the noise anew."""
        self._noise = None

    def clean(self, powers: Bands) -> Bands:
        """The powers of the next frame without the noise."""
        assert self._noise is not None  # noqa: S101 (`start` comes first)
        settings = self._settings
        self._power = settings.power * self._power + (1 - settings.power) * powers
        self._noise = self._envelope(self._power, self._noise)
        signal = np.maximum(self._power - self._noise, 1.0)
        self._floor = self._envelope(signal, self._floor)
        heard = np.maximum(self._without_echo(signal), self._floor)
        gain = np.maximum(heard / np.maximum(self._power, 1.0), settings.least_gain)
        return np.asarray(powers * (self._smoothing @ gain))

    def _envelope(self, now: Bands, before: Bands) -> Bands:
        """Slow upwards, quick downwards."""
        past = np.where(now >= before, self._settings.rising, self._settings.falling)
        return np.asarray(past * before + (1 - past) * now)

    def _without_echo(self, signal: Bands) -> Bands:
        decayed = self._settings.masking * self._peak
        self._peak = np.maximum(decayed, signal)
        return np.where(signal < decayed, self._settings.masked * decayed, signal)


def _means_of_neighbours(bands: int, reach: int) -> Bands:
    """Shape `(bands, bands)`: each row takes the mean over a band and those within `reach`."""
    position = np.arange(bands)
    near = (np.abs(position[:, None] - position) <= reach).astype(float)
    return np.asarray(near / near.sum(axis=1, keepdims=True))
