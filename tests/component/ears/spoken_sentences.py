"""Spoken sentences by Flite's recorded voices, as a telephone brings them, and a small model."""

from __future__ import annotations

import subprocess
import wave
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soxr

from ivr.models.artefact import DICTIONARY, GRAMMARS, LANGUAGE_MODEL
from ivr.models.grammars import grammars_json
from ivr.ports import GrammarName
from training.dictionary import build_dictionary, read_pronunciations
from training.general_words import general_english
from training.language_model import build_language_model

if TYPE_CHECKING:
    from pathlib import Path

SENTENCES = (
    "i lost my card",
    "please block my card",
    "i forgot my pin",
    "what is my balance",
    "where is my transfer",
    "i need a cash loan",
    "let me talk to a consultant",
    "what time does the branch open",
)
SILENCE_MS = 200

Speak = Callable[..., bytes]


@pytest.fixture(scope="session")
def speak(tmp_path_factory: pytest.TempPathFactory) -> Speak:
    """`speak(text, voice="rms")`: 8 kHz PCM in whole frames, with silence around; cached."""
    folder = tmp_path_factory.mktemp("speech")
    cache: dict[tuple[str, str], bytes] = {}

    def spoken(text: str, voice: str = "rms") -> bytes:
        if (text, voice) not in cache:
            path = folder / f"{len(cache)}.wav"
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
            cache[text, voice] = telephone_pcm(path)
        return cache[text, voice]

    return spoken


def telephone_pcm(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        narrow = soxr.resample(samples.astype(np.float32), file.getframerate(), 8000)
    silence = np.zeros(8 * SILENCE_MS)
    padded = np.concatenate([silence, narrow, silence, np.zeros(-len(narrow) % 160)])
    hiss = np.random.default_rng(1).normal(0, 4, len(padded))
    return np.clip(padded + hiss, -32768, 32767).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artefact")
    words = {word for sentence in SENTENCES for word in sentence.split()}
    answers = {"yes", "no", "thanks"}
    pronunciations = read_pronunciations()
    other = general_english(words | answers, pronunciations)
    report = build_dictionary(words | answers, folder / DICTIONARY, pronunciations, other.shares)
    build_language_model(SENTENCES, report.words & words, folder / LANGUAGE_MODEL, other)
    grammars = {GrammarName.YES_NO: {"yes": ("yes",), "no": ("no", "no thanks")}}
    (folder / GRAMMARS).write_text(grammars_json(grammars), encoding="utf-8")
    return folder
