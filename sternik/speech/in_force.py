"""Composition: the choice of ears that the settings and the disk lead to.

Apart from `sternik.speech.provision`, so that the worker loads nothing that could reach the network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sternik.speech.choice import EarsChoice, Wishes, choose
from sternik.speech.failed_attempts import FailedAttempts
from sternik.speech.model_places import model_places
from sternik.speech.remembered import read_remembered

if TYPE_CHECKING:
    from sternik.settings import Settings


def choose_ears(settings: Settings, language: str = "") -> EarsChoice:
    """Who listens to a language (default: the caller's); looks at settings and disk only.

    `STERNIK_SPEECH_MODEL` is a model of the caller's language and says nothing of another one. Raises
    `ConfigurationError`.
    """
    wanted = language or settings.language
    failed = FailedAttempts(settings.speech_folder).recent(wanted, settings.speech_list_url)
    wishes = Wishes(
        language=wanted,
        engine=settings.speech_engine,
        model=settings.speech_model if wanted == settings.language else "",
        free_form=settings.speech_free_form,
        remembered=read_remembered(settings.models_folder, wanted),
        tried=failed.reason if failed else "",
    )
    return choose(wishes, model_places(settings.speech_folder))
