from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.models.resampling import DELAY_SAMPLES, TelephoneUpsampler


def tone(hz: float, rate_hz: int, samples: int) -> np.ndarray:
    return 8000 * np.sin(2 * np.pi * hz * np.arange(samples) / rate_hz)


@pytest.mark.parametrize("hz", [200, 440, 1000, 2500, 3000])
def test_a_tone_keeps_pitch_and_loudness(hz: float) -> None:
    heard = TelephoneUpsampler(image_gain=0.0).resample(
        tone(hz, 8000, 1600).astype("<i2").tobytes()
    )
    expected = tone(hz, 16_000, 3200)
    difference = heard[1000:3000] - expected[1000 - DELAY_SAMPLES : 3000 - DELAY_SAMPLES]
    assert len(heard) == 3200
    assert np.abs(difference).max() < 80


def test_the_image_is_let_through_by_its_gain() -> None:
    quarter = TelephoneUpsampler(image_gain=0.25)
    heard = quarter.resample(tone(1000, 8000, 1600).astype("<i2").tobytes())
    power = np.abs(np.fft.rfft(heard[800:2400] * np.hanning(1600)))
    assert power[700] / power[100] == pytest.approx(0.25, rel=0.02)


@settings(max_examples=50)
@given(st.lists(st.integers(min_value=1, max_value=400), max_size=12), st.randoms())
def test_any_cutting_into_frames_sounds_the_same(lengths: list[int], random) -> None:  # noqa: ANN001
    samples = np.array([random.randint(-32768, 32767) for _ in range(sum(lengths))], dtype="<i2")
    whole = TelephoneUpsampler().resample(samples.tobytes())
    pieces, upsampler = np.split(samples, np.cumsum(lengths)), TelephoneUpsampler()
    cut = np.concatenate([upsampler.resample(piece.tobytes()) for piece in pieces])
    assert np.abs(cut.astype(int) - whole.astype(int)).max(initial=0) <= 1


def test_loud_sound_is_clipped_not_wrapped() -> None:
    square = np.tile(np.repeat(np.array([32767, -32768], dtype="<i2"), 8), 20)
    heard = TelephoneUpsampler().resample(square.tobytes())
    plateau = heard[DELAY_SAMPLES + 64 + 4 : DELAY_SAMPLES + 64 + 10]
    assert (plateau > 20_000).all()


def test_clear_forgets_the_stream_before() -> None:
    frame = tone(700, 8000, 160).astype("<i2").tobytes()
    used = TelephoneUpsampler()
    used.resample(frame)
    used.clear()
    assert (used.resample(frame) == TelephoneUpsampler().resample(frame)).all()
