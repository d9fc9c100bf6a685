from __future__ import annotations

import numpy as np
import pytest

from ivr.models.channel_mean import (
    DECODER_WINDOW_FRAMES,
    ChannelMean,
    read_vector,
    write_vector,
)

PRIOR = np.array([40.0, 5.0])
CHANNEL = np.array([50.0, -3.0])


def decoder_blend(mean: np.ndarray, heard: np.ndarray, frames: int) -> np.ndarray:
    """What PocketSphinx answers: the mean that was set weighs as much as its window."""
    return (mean * DECODER_WINDOW_FRAMES + heard * frames) / (DECODER_WINDOW_FRAMES + frames)


def test_the_prior_weighs_as_many_frames_as_it_was_given() -> None:
    channel = ChannelMean(PRIOR, prior_frames=100)
    for _ in range(5):
        channel.learn(decoder_blend(channel.mean, CHANNEL, 20), 20)
    assert channel.mean == pytest.approx((PRIOR + CHANNEL) / 2)


def test_the_mean_comes_close_to_the_channel() -> None:
    channel = ChannelMean(PRIOR, prior_frames=100)
    for _ in range(500):
        channel.learn(decoder_blend(channel.mean, CHANNEL, 20), 20)
    assert channel.mean == pytest.approx(CHANNEL, abs=0.2)


def test_forgetting_goes_back_to_the_prior() -> None:
    channel = ChannelMean(PRIOR, prior_frames=100)
    channel.learn(decoder_blend(PRIOR, CHANNEL, 20), 20)
    channel.forget()
    assert channel.mean == pytest.approx(PRIOR)


def test_a_vector_survives_being_written() -> None:
    assert read_vector(write_vector(PRIOR)) == pytest.approx(PRIOR)
