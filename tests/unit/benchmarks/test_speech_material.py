from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.speech_material import (
    LEVEL_DBOV,
    SECONDS_AFTER,
    SECONDS_BEFORE,
    Noises,
    SpeechCache,
    Spoken,
    active_level,
    at_level,
    gated,
    on_the_line,
    through_mu_law,
)
from ivr.ports import FRAME_BYTES, SAMPLE_RATE_HZ
from ivr.wav import float_from_pcm, pcm_from_float, write_wav

PAUSE = round(SECONDS_BEFORE * SAMPLE_RATE_HZ)
AFTER = round(SECONDS_AFTER * SAMPLE_RATE_HZ)


def tone(seconds: float = 1.0, hz: float = 440.0, peak: float = 0.3) -> np.ndarray:
    at = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (peak * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def noise(seconds: float = 5.0) -> np.ndarray:
    random = np.random.default_rng(3)
    return random.normal(0, 0.01, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)


def decibels(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples.astype(np.float64)))))


@pytest.mark.parametrize("snr_db", [20.0, 10.0, 0.0])
def test_noise_lies_as_far_below_the_speech_as_asked(snr_db: float) -> None:
    call = float_from_pcm(on_the_line(pcm_from_float(tone()), noise(), snr_db=snr_db))
    speech_and_noise, alone = call[PAUSE : PAUSE + SAMPLE_RATE_HZ], call[:PAUSE]
    speech = 10 * np.log10(10 ** (decibels(speech_and_noise) / 10) - 10 ** (decibels(alone) / 10))
    assert speech - decibels(alone) == pytest.approx(snr_db, abs=0.5)


def test_pauses_do_not_count_as_speech_when_noise_is_measured() -> None:
    pauses = np.zeros(3 * SAMPLE_RATE_HZ, dtype=np.float32)
    assert active_level(np.concatenate([pauses, tone(), pauses])) == pytest.approx(
        active_level(tone()), rel=0.03
    )


@pytest.mark.parametrize("peak", [0.02, 0.9])
def test_every_voice_comes_equally_loud(peak: float) -> None:
    call = float_from_pcm(on_the_line(pcm_from_float(tone(peak=peak))))
    assert decibels(call[PAUSE : PAUSE + SAMPLE_RATE_HZ]) == pytest.approx(LEVEL_DBOV, abs=0.5)


def test_a_line_adds_pauses_and_whole_frames() -> None:
    speech = pcm_from_float(tone(0.501))
    call = on_the_line(speech)
    assert len(call) % FRAME_BYTES == 0
    assert len(call) == pytest.approx(len(speech) + 2 * (PAUSE + AFTER), abs=FRAME_BYTES)


def test_mu_law_keeps_speech_within_its_own_noise() -> None:
    before = tone(peak=0.2)
    after = float_from_pcm(through_mu_law(before))
    assert decibels(before) - decibels(after - before) > 35


def test_silence_stays_silence_at_any_level() -> None:
    assert not at_level(np.zeros(100, dtype=np.float32), -20.0).any()
    assert active_level(np.zeros(0, dtype=np.float32)) == 0.0


def test_the_same_sentence_always_gets_the_same_noise(tmp_path: Path) -> None:
    for name in ("dog", "rain", "saw"):
        write_wav(tmp_path / f"{name}.wav", pcm_from_float(noise(1.0)))
    noises = Noises(sorted(tmp_path.glob("*.wav")))
    sentences = [Spoken(voice="rms", text=f"sentence {n}") for n in range(30)]
    picked = [noises.pick(one) for one in sentences]
    assert picked == [noises.pick(one) for one in sentences]
    assert {name for name, _ in picked} == {"dog", "rain", "saw"}


def test_the_gate_lets_no_silence_through() -> None:
    assert list(gated(bytes(100 * FRAME_BYTES))) == []


def test_what_was_spoken_once_is_not_spoken_again(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path)
    spoken = [Spoken(voice="rms", text="hello")] * 2
    told: list[int] = []
    cache.prepare(spoken, told.append)
    sound = cache.pcm(spoken[0])
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"kept")
    cache.prepare(spoken, told.append)
    assert len(sound) > SAMPLE_RATE_HZ // 2
    assert cache.pcm(spoken[0]) == b"kept"
    assert sum(told) == 2
