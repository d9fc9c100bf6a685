"""The engines that the hearing benchmark can listen with, one decoder a process."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder

if TYPE_CHECKING:
    from pathlib import Path

    from ivr.ports import FinalWords, GrammarName


class Engine(StrEnum):
    """Names as typed on the command line."""

    POCKETSPHINX = "pocketsphinx"
    VOSK = "vosk"


class Decoder(Protocol):
    """What every engine offers: one caller at a time, for reuse."""

    def reset(self, grammar: GrammarName) -> None:
        """Another call."""
        ...

    def feed(self, pcm: bytes) -> str:
        """Hear 8 kHz speech; returns the words so far."""
        ...

    def finish(self) -> FinalWords:
        """End the utterance."""
        ...


def build_decoder(engine: Engine, artefact_folder: Path, speech_model: Path | None) -> Decoder:
    """A decoder for a trained artefact; `speech_model` is the folder of a Vosk model.

    Raises `ModelUnusableError`, and `NotImplementedError` for an engine that is not built in.
    """
    match engine:
        case Engine.POCKETSPHINX:
            return PocketSphinxDecoder(artefact_folder)
        case Engine.VOSK:
            raise NotImplementedError(f"Vosk is not built in yet (model {speech_model})")
