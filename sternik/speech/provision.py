"""Composition: a model fetched as the settings say, when asked for or when `make run` starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from sternik.speech.choice import AUTO, VOSK
from sternik.speech.failed_attempts import FailedAttempts
from sternik.speech.fetching import FetchedModel, ModelFetcher
from sternik.speech.model_places import model_places
from sternik.speech.model_site import ModelSite
from sternik.speech.published_models import PublishedModel, model_for
from sternik.speech.remembered import read_remembered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sternik.settings import Settings
    from sternik.speech.download import Transfer

_LIST: Final = "STERNIK_SPEECH_LIST_URL"


def try_to_get_vosk(
    settings: Settings, *, say: Callable[[str], None], report: Callable[[Transfer], None]
) -> None:
    """Fetch a model for the caller's language where none was chosen and none is here.

    A failure is remembered for an hour and never raised: the choice tells what follows from it.
    """
    language = settings.language
    attempts = FailedAttempts(settings.speech_folder)
    if not _wants_a_model(settings) or attempts.recent(language, settings.speech_list_url):
        return
    try:
        fetched = fetch(settings, language, say=say, report=report)
        say(f"fetched {fetched.model.name}")
    except ConfigurationError as error:
        # The problem without its place: the line that quotes it is long enough.
        attempts.record(language, list_url=settings.speech_list_url, reason=error.problem)


def fetch(
    settings: Settings,
    wanted: str,
    *,
    say: Callable[[str], None],
    report: Callable[[Transfer], None],
    again: bool = False,
) -> FetchedModel:
    """Fetch the model of a name, or the best for a language (two letters), into our folder.

    Raises `ConfigurationError`: no site, no such model, disk full; nothing is half-done.
    """
    site = model_site(settings)
    published = _find(site.models(), wanted)
    fetcher = ModelFetcher(site=site, folder=settings.speech_folder, say=say, report=report)
    fetched = fetcher.fetch(published, again=again)
    FailedAttempts(settings.speech_folder).clear(published.language)
    return fetched


def model_site(settings: Settings) -> ModelSite:
    """The site of the settings; raises `ConfigurationError` when they say to ask none."""
    if not settings.speech_list_url:
        raise ConfigurationError(
            "the settings say never to ask the network",
            where=_LIST,
            advice=f"unset {_LIST}, or bring a model's folder: sternik speech use LANGUAGE FOLDER",
        )
    return ModelSite(settings.speech_list_url)


def _wants_a_model(settings: Settings) -> bool:
    if settings.speech_engine not in {AUTO, VOSK} or settings.speech_model:
        return False
    if not settings.speech_list_url:
        return False
    if read_remembered(settings.models_folder, settings.language) is not None:
        return False
    return model_places(settings.speech_folder).of_language(settings.language) is None


def _find(models: Sequence[PublishedModel], wanted: str) -> PublishedModel:
    for model in models:
        if model.name == wanted:
            return model
    best = model_for(models, wanted)
    if best is None:
        languages = sorted({model.language for model in models})
        raise ConfigurationError(
            f"the site has no model and no language {wanted!r}",
            advice=f"it has small models of these: {', '.join(languages)}; "
            "see `sternik speech list --all`",
        )
    return best
