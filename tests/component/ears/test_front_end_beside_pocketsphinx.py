"""Our front end beside PocketSphinx's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pocketsphinx
import pytest
import soxr

from ivr.models import telephone_features
from ivr.models.artefact import DICTIONARY, LANGUAGE_MODEL
from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder
from ivr.models.telephone_features import (
    BANDS,
    HOP_SAMPLES,
    TELEPHONE_BANDS,
    TelephoneFeatures,
    mel_edges_hz,
)
from ivr.ports import FRAME_BYTES, GrammarName

if TYPE_CHECKING:
    from spoken_sentences import Speak

WIDE_HOP, WIDE_WINDOW, WIDE_FFT = 160, 410, 512


def mel_powers_at_16_khz(samples: np.ndarray) -> np.ndarray:
    """All 25 bands, shape `(n_frames, 25)`, as the acoustic model's front end is documented."""
    emphasised = np.append(samples[0], samples[1:] - 0.97 * samples[:-1])
    windows = np.lib.stride_tricks.sliding_window_view(emphasised, WIDE_WINDOW)[::WIDE_HOP]
    spectra = np.fft.rfft(windows * np.hamming(WIDE_WINDOW), WIDE_FFT)
    hz = np.arange(WIDE_FFT // 2 + 1) * 16_000 / WIDE_FFT
    low, middle, high = (mel_edges_hz()[start : start + BANDS] for start in range(3))
    rising, falling = (hz[:, None] - low) / (middle - low), (high - hz[:, None]) / (high - middle)
    triangles = np.clip(np.minimum(rising, falling), 0, None) * 2 / (high - low)
    return np.abs(spectra) ** 2 @ triangles


def pocketsphinx_cepstra(artefact: Path, folder: Path, pcm: bytes) -> np.ndarray:
    """What PocketSphinx computes of 16 kHz sound, its noise removal switched off."""
    model = Path(pocketsphinx.get_model_path("en-us/en-us"))
    parameters = (model / "feat.params").read_text().replace("remove_noise yes", "remove_noise no")
    (folder / "feat.params").write_text(parameters)
    decoder = pocketsphinx.Decoder(
        hmm=str(model),
        dict=str(artefact / DICTIONARY),
        lm=str(artefact / LANGUAGE_MODEL),
        featparams=str(folder / "feat.params"),
        mfclogdir=str(folder),
        loglevel="FATAL",
    )
    decoder.start_utt()
    decoder.process_raw(pcm)
    decoder.end_utt()
    (dump,) = folder.glob("*.mfc")
    return np.fromfile(dump, dtype=">f4", offset=4).reshape(-1, 13)


def test_bands_cosines_and_lifter_are_those_of_the_acoustic_model(
    artefact: Path, speak: Speak, tmp_path: Path
) -> None:
    narrow = np.frombuffer(speak("i lost my card"), dtype="<i2").astype(np.float64)
    wide = soxr.resample(narrow, 8000, 16000).astype("<i2")
    logs = np.log(mel_powers_at_16_khz(wide.astype(np.float64)) + 1e-4)
    ours = logs @ telephone_features._liftered_cosines()
    theirs = pocketsphinx_cepstra(artefact, tmp_path, wide.tobytes())
    assert theirs[: len(ours)] == pytest.approx(ours, abs=0.01)


def test_the_lower_bands_are_the_same_at_8_khz_as_at_16(speak: Speak) -> None:
    narrow = np.frombuffer(speak("where is my transfer"), dtype="<i2").astype(np.float64)
    wide = np.log(mel_powers_at_16_khz(soxr.resample(narrow, 8000, 16000)) + 1e-4)
    features = TelephoneFeatures()
    ours = np.log(features._powers(narrow.astype("<i2")) + 1e-4)
    count = min(len(ours), len(wide))
    speech = wide[:count].mean(axis=1) > wide[:count].mean()
    difference = np.abs(ours[:count] - wide[:count, :TELEPHONE_BANDS])[speech]
    assert np.median(difference) < 0.1
    assert len(ours) == pytest.approx(len(narrow) / HOP_SAMPLES, abs=2)


def test_a_long_utterance_may_be_fed_at_once(artefact: Path, speak: Speak) -> None:
    """PocketSphinx's own `process_cep` ends the process when given some 20 frames at a time."""
    decoder = PocketSphinxDecoder(artefact)
    decoder.reset(GrammarName.OPEN_QUESTION)
    decoder.feed(speak("what is my balance"))
    at_once = decoder.finish().text
    decoder.reset(GrammarName.OPEN_QUESTION)
    pcm = speak("what is my balance")
    for start in range(0, len(pcm), FRAME_BYTES):
        decoder.feed(pcm[start : start + FRAME_BYTES])
    assert at_once == decoder.finish().text == "what is my balance"
