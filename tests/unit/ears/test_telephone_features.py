from __future__ import annotations

import numpy as np
import pytest

from ivr.models.noise_removal import NoiseRemoval, NoiseRemovalSettings
from ivr.models.telephone_features import (
    CEPSTRA,
    HOP_SAMPLES,
    TELEPHONE_BANDS,
    WINDOW_SAMPLES,
    TelephoneFeatures,
    mel_edges_hz,
)

LEARNING = NoiseRemovalSettings().learning_frames


def hiss(samples: int, *, amplitude: float = 300.0, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).normal(0, amplitude, samples).astype("<i2").tobytes()


def powers(frames: int, level: float = 1e6, seed: int = 2) -> np.ndarray:
    return level * np.random.default_rng(seed).chisquare(8, (frames, TELEPHONE_BANDS)) / 8


def test_the_telephone_carries_19_bands_that_end_below_4_khz() -> None:
    edges = mel_edges_hz()
    assert (len(edges), TELEPHONE_BANDS) == (27, 19)
    assert edges[TELEPHONE_BANDS + 1] <= 4000 < edges[TELEPHONE_BANDS + 2]
    assert np.all(np.diff(edges) > 0)


@pytest.mark.parametrize("chunk_samples", [1, 80, 160, 333, 4000])
def test_the_cepstra_do_not_depend_on_how_the_speech_is_cut(chunk_samples: int) -> None:
    pcm = hiss(4000)
    whole = TelephoneFeatures().hear(pcm)
    features = TelephoneFeatures()
    size = 2 * chunk_samples
    parts = [features.hear(pcm[start : start + size]) for start in range(0, len(pcm), size)]
    assert np.array_equal(np.concatenate(parts), whole)
    assert whole.shape == ((4000 - WINDOW_SAMPLES) // HOP_SAMPLES + 1, CEPSTRA)
    assert whole.dtype == np.float32


def test_the_first_100_ms_are_learned_from_and_then_given_too() -> None:
    features = TelephoneFeatures()
    enough = WINDOW_SAMPLES + (LEARNING - 1) * HOP_SAMPLES
    pcm = hiss(enough)
    assert len(features.hear(pcm[:-2])) == 0
    assert len(features.hear(pcm[-2:])) == LEARNING


def test_a_stream_shorter_than_100_ms_is_given_at_its_end_and_once() -> None:
    features = TelephoneFeatures()
    features.hear(hiss(WINDOW_SAMPLES + HOP_SAMPLES))
    assert len(features.finish()) == 2
    assert len(features.finish()) == 0
    assert len(TelephoneFeatures().finish()) == 0


def test_a_cleared_stream_is_like_a_new_one() -> None:
    used = TelephoneFeatures()
    used.hear(hiss(3000, amplitude=5000.0, seed=4))
    used.clear()
    assert np.array_equal(used.hear(hiss(3000)), TelephoneFeatures().hear(hiss(3000)))


def test_louder_speech_changes_the_first_cepstrum_only() -> None:
    """All 25 log powers rise together, those that are guessed too (nearly)."""
    soft, loud = (
        TelephoneFeatures().hear(hiss(8000, amplitude=amplitude))[20:].mean(axis=0)
        for amplitude in (500.0, 5000.0)
    )
    assert loud[0] - soft[0] == pytest.approx(5 * np.log(100), rel=0.1)
    assert np.abs(loud - soft)[1:].max() < 4.0


def test_steady_noise_is_taken_out_and_speech_over_it_stays() -> None:
    removal = NoiseRemoval(TELEPHONE_BANDS)
    noise = powers(100)
    removal.start(noise[:LEARNING])
    after = np.stack([removal.clean(frame) for frame in noise])
    assert np.median(after[50:] / noise[50:]) < 0.3
    speech = removal.clean(powers(1, level=1e9)[0])
    assert speech.mean() > 0.2 * 1e9


def test_noise_that_was_speech_at_first_is_soon_forgotten() -> None:
    """A caller who already speaks when the gate opens is not taken for noise for long."""
    removal = NoiseRemoval(TELEPHONE_BANDS)
    removal.start(powers(LEARNING, level=1e9))
    for frame in powers(15, level=1e4):
        removal.clean(frame)
    speech = np.stack([removal.clean(frame) for frame in powers(5, level=1e9)])
    assert speech[-1].mean() > 0.5e9


def test_silence_gives_finite_cepstra() -> None:
    assert np.isfinite(TelephoneFeatures().hear(bytes(8000))).all()
