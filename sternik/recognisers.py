"""Composition: the recognisers that settings, artefact and the choice of ears lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.models.recogniser_engine import EngineOptions
from ivr.models.recogniser_pool import ProcessPool

if TYPE_CHECKING:
    from ivr.models.artefact import ModelArtefact
    from sternik.settings import Settings
    from sternik.speech.choice import EarsChoice


def engine_options(artefact: ModelArtefact, choice: EarsChoice) -> EngineOptions:
    """Which engine listens, and with what."""
    return EngineOptions(
        engine=choice.ears.engine,
        artefact_folder=artefact.folder,
        language=choice.language,
        language_model=artefact.version,
        acoustic_model_folder=choice.ears.model_folder,
        free_form=choice.ears.free_form,
    )


def build_pool(settings: Settings, artefact: ModelArtefact, choice: EarsChoice) -> ProcessPool:
    """The pool that all calls of a worker share, not started yet.

    Raises `ConfigurationError` when there is no such engine.
    """
    return ProcessPool(
        options=engine_options(artefact, choice),
        max_processes=settings.recogniser_processes or None,
        sessions_per_process=settings.sessions_per_process or None,
    )
