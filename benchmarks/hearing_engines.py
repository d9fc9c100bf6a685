"""The engines that the hearing benchmark can listen with: those of `ivr.models`, by name."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from ivr.models.recogniser_engine import EngineOptions, find_engine

if TYPE_CHECKING:
    from pathlib import Path

    from ivr.models.artefact import ModelArtefact
    from ivr.models.recogniser_engine import RecogniserDecoder

LANGUAGE = "en"


class Engine(StrEnum):
    """Names as typed on the command line."""

    POCKETSPHINX = "pocketsphinx"
    VOSK = "vosk"


def build_decoder(
    engine: Engine, artefact: ModelArtefact, acoustic_model: Path | None
) -> RecogniserDecoder:
    """A decoder for a trained artefact; `acoustic_model` is the folder of a Vosk model.

    Raises `ModelUnusableError`.
    """
    options = EngineOptions(
        engine=engine,
        artefact_folder=artefact.folder,
        language=LANGUAGE,
        language_model=artefact.version,
        acoustic_model_folder=acoustic_model,
        threads=1,
    )
    return find_engine(engine).load(options).build_decoder()
