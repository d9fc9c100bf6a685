"""PocketSphinx as an engine: decoders that bring their acoustic model, one process a core."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from ivr.models.recogniser_engine import EngineOptions, EnginePlan
from ivr.ports import RecogniserDescription

if TYPE_CHECKING:
    from pathlib import Path

    from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder

ACOUSTIC_MODEL = "en-us-ptm"
SESSIONS_PER_PROCESS = 10


class PocketSphinxEngine:
    """It holds the interpreter lock while it decodes: more threads would not hear more callers."""

    def plan(self, options: EngineOptions, cores: int) -> EnginePlan:  # noqa: ARG002 (the seam's)
        """One process a core, one thread in each."""
        return EnginePlan(max_processes=cores, threads=1, sessions_per_process=SESSIONS_PER_PROCESS)

    def describe(self, options: EngineOptions) -> RecogniserDescription:
        """PocketSphinx, its version and the acoustic model that its package carries."""
        return RecogniserDescription(
            engine=f"pocketsphinx {version('pocketsphinx')}",
            acoustic_model=ACOUSTIC_MODEL,
            language=options.language,
            language_model=options.language_model,
        )

    def load(self, options: EngineOptions) -> LoadedPocketSphinx:
        """Nothing is shared: each decoder loads the artefact's files itself."""
        return LoadedPocketSphinx(options.artefact_folder)


@dataclass(frozen=True, slots=True)
class LoadedPocketSphinx:
    """Builds decoders of one artefact."""

    artefact_folder: Path
    note: str = ""

    def build_decoder(self) -> PocketSphinxDecoder:
        """One more decoder (some 50 ms, 10 MB); raises `ModelUnusableError`."""
        # The program that owns the calls imports this module, and must not load PocketSphinx.
        from ivr.models.pocketsphinx_decoder import PocketSphinxDecoder  # noqa: PLC0415

        return PocketSphinxDecoder(self.artefact_folder)


ENGINE = PocketSphinxEngine()
