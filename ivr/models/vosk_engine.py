"""Vosk as an engine: one process, one model shared by a thread a core."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.models.recogniser_engine import EngineOptions, EnginePlan
from ivr.ports import RecogniserDescription

if TYPE_CHECKING:
    from ivr.models.vosk_decoder import LoadedVosk

# Measured with the Korean model: 3 to 4 % of a core a talking caller with few phrases, 8 % with 1,000
# random ones, some 70 % free-form in a recogniser's first utterance (it caches the graph) and 15 to
# 40 % later. Callers do not talk all the time, and those who are too many at once are shed.
SESSIONS_PER_THREAD = 20
FREE_FORM_SESSIONS_PER_THREAD = 2
_GRAPH_FOLDERS = ("graph", "")
_NAMES_OF_NOTHING = frozenset({"model", "models", ""})


class VoskEngine:
    """The model is too large to have it twice, and lets go of the interpreter lock as it decodes."""

    def plan(self, options: EngineOptions, cores: int) -> EnginePlan:
        """One process with a thread a core."""
        slow = is_free_form(options)
        a_thread = FREE_FORM_SESSIONS_PER_THREAD if slow else SESSIONS_PER_THREAD
        return EnginePlan(
            max_processes=1,
            threads=cores,
            sessions_per_process=a_thread * cores,
            single_process=True,
        )

    def describe(self, options: EngineOptions) -> RecogniserDescription:
        """Vosk, its version, the model's folder, and whether it listens without the phrases."""
        language_model = options.language_model
        if options.free_form:
            language_model += ", free-form"
        elif is_free_form(options):
            language_model += ", free-form (the model has no dynamic graph for phrases)"
        return RecogniserDescription(
            engine=f"vosk {version('vosk')}",
            acoustic_model=_model_name(options.acoustic_model_folder),
            language=options.language,
            language_model=language_model,
        )

    def load(self, options: EngineOptions) -> LoadedVosk:
        """Load the model (5 s for the Korean one); raises `ModelUnusableError`."""
        # The program that owns the calls imports this module, and must not load Vosk.
        from ivr.models.vosk_decoder import load_vosk  # noqa: PLC0415

        return load_vosk(options)


def is_free_form(options: EngineOptions) -> bool:
    """Whether the open question is heard without phrases: on request, or for want of a graph."""
    folder = options.acoustic_model_folder
    return options.free_form or (folder is not None and not has_dynamic_graph(folder))


def has_dynamic_graph(folder: Path) -> bool:
    """Whether phrases can be told; False only when the model has a static graph instead."""
    return not any(
        (folder / graph / "HCLG.fst").is_file()
        and not ((folder / graph / "Gr.fst").is_file() and (folder / graph / "HCLr.fst").is_file())
        for graph in _GRAPH_FOLDERS
    )


def _model_name(folder: Path | None) -> str:
    """The name under which the model is published: its folder's, or of the package around it."""
    parts = reversed(folder.absolute().parts) if folder else ()
    return next((part for part in parts if part not in _NAMES_OF_NOTHING), "none")


ENGINE = VoskEngine()
