"""The mean of a call's cepstra: how its line and its caller sound apart from the words.

Recognition subtracts it (cepstral mean normalisation). PocketSphinx keeps a mean of its own that
weighs its past with 500 frames and takes 8 s to move; this one blends a prior meant for telephones
with all that was heard of the call, so that it is close after a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

# PocketSphinx's own window (CMN_WIN in its cmn.h): a mean that is set counts as so many frames.
DECODER_WINDOW_FRAMES = 500


class ChannelMean:
    """Mean cepstrum, shape `(13,)`, of one call; the prior counts as `prior_frames` of 10 ms."""

    def __init__(self, prior: Vector, *, prior_frames: float) -> None:
        self._prior = prior
        self._prior_frames = prior_frames
        self.forget()

    @property
    def mean(self) -> Vector:
        """The best guess now."""
        return self._mean

    def forget(self) -> None:
        """Another call: back to the prior."""
        self._mean = self._prior
        self._sum = np.zeros_like(self._prior)
        self._frames = 0.0

    def learn(self, blended: Vector, frames: float) -> None:
        """Take in `frames` heard since the decoder's mean was set to `mean`.

        `blended` is what the decoder makes of both, with its window.
        """
        heard = blended * (DECODER_WINDOW_FRAMES + frames) - self._mean * DECODER_WINDOW_FRAMES
        self._sum = self._sum + heard
        self._frames += frames
        known = self._prior * self._prior_frames + self._sum
        self._mean = known / (self._prior_frames + self._frames)


def read_vector(text: str) -> Vector:
    """A mean as PocketSphinx writes it, numbers with commas between."""
    return np.array([float(number) for number in text.split(",")])


def write_vector(vector: Vector) -> str:
    """A mean as PocketSphinx reads it."""
    return ",".join(f"{number:.4f}" for number in vector)
