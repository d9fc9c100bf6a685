"""What the capacity benchmark runs on: an engine, its language, settings, and what callers say."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import typer

from benchmarks.talkers import running_speech
from ivr.models.artefact import load_artefact
from ivr.models.recogniser_engine import EngineOptions, find_engine
from sternik.settings import Settings, load_settings
from sternik.speech.in_force import choose_ears
from sternik.voices.callers import CallerVoice, speak_as_caller
from tests.asterisk.korean_site import HEARD_RIGHT, prepare_korean_site, speak_korean

SENTENCES = Path("tests/asterisk/spoken/development.csv")
_VOICES = (CallerVoice.SLT, CallerVoice.RMS, CallerVoice.AWB)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One engine with its language; `settings` are overrides, `speeches` 8 kHz PCM of 12 s each."""

    engine: str
    language: str
    options: EngineOptions
    settings: dict[str, object]
    speeches: tuple[bytes, ...]

    @property
    def processes(self) -> int:
        """As many as Sternik gives to this engine on this machine."""
        plan = find_engine(self.options.engine).plan(self.options, os.cpu_count() or 1)
        return plan.max_processes


def site_of(engine: str, folder: Path) -> Site:
    """Prepare it; what has to be made goes below `folder`."""
    if engine == "pocketsphinx":
        settings: dict[str, object] = {"language": "en", "speech_engine": engine}
        speeches = [running_speech(_sentences(voice)) for voice in _VOICES]
    elif engine == "vosk":
        settings = prepare_korean_site(folder / "ko")
        texts = (HEARD_RIGHT[first:] + HEARD_RIGHT[:first] for first in range(len(_VOICES)))
        speeches = [running_speech(map(speak_korean, order)) for order in texts]
    else:
        raise typer.BadParameter(f"{engine}: no such engine; pocketsphinx or vosk")
    return Site(
        engine=engine,
        language=str(settings["language"]),
        options=_options(load_settings(**settings)),
        settings=settings,
        speeches=tuple(speeches),
    )


def _options(settings: Settings) -> EngineOptions:
    """What Sternik's own recognisers are given."""
    ears = choose_ears(settings).ears
    artefact = load_artefact(settings.models_folder, settings.language)
    return EngineOptions(
        engine=ears.engine,
        artefact_folder=artefact.folder,
        language=settings.language,
        language_model=artefact.version,
        acoustic_model_folder=ears.model_folder,
        free_form=ears.free_form,
    )


def _sentences(voice: CallerVoice) -> list[bytes]:
    with SENTENCES.open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file) if row["voice"] == voice]
    return [speak_as_caller(text, voice=voice, prompts_voice="") for text in texts[:8]]
