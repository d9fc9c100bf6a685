"""`sternik speech use`: a choice checked, then remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from sternik.speech.checkup import compare, is_language, subject_of, try_out
from sternik.speech.choice import AUTO, POCKETSPHINX, POCKETSPHINX_LANGUAGE, VOSK
from sternik.speech.in_force import choose_ears
from sternik.speech.remembered import RememberedEars, forget, remember

if TYPE_CHECKING:
    from rich.console import Console

    from sternik.settings import Settings


def adopt(settings: Settings, language: str, what: str, console: Console) -> None:
    """Make `what` (a model, `pocketsphinx`, `auto`) listen to `language` from the next start on.

    A model is opened first. Raises `ConfigurationError` or `ModelUnusableError`, and then nothing has
    changed.
    """
    if not is_language(language):
        raise ConfigurationError(f"{language!r} is no language", advice="two letters, such as en")
    if what == AUTO:
        forget(settings.models_folder, language)
    elif what == POCKETSPHINX:
        _adopt_pocketsphinx(settings, language)
    else:
        _adopt_model(settings, language, what, console)
    _tell(settings, language, console)


def _adopt_pocketsphinx(settings: Settings, language: str) -> None:
    if language != POCKETSPHINX_LANGUAGE:
        raise ConfigurationError(
            f"PocketSphinx knows {POCKETSPHINX_LANGUAGE!r} only, not {language!r}",
            advice=f"choose a Vosk model: sternik speech fetch {language}",
        )
    remember(settings.models_folder, language, RememberedEars(engine=POCKETSPHINX))


def _adopt_model(settings: Settings, language: str, what: str, console: Console) -> None:
    if is_language(what):
        raise ConfigurationError(
            f"{what!r} names a language, not a model", advice="see `sternik speech list`"
        )
    subject = subject_of(settings, what, language)
    if subject.note:
        console.print(subject.note, markup=False, soft_wrap=True)
    with console.status("opening the model …"):
        found = compare(settings, subject)
        if found.few_words:
            raise ModelUnusableError(f"{what}: {found.few_words}; nothing has been changed")
        try_out(found)
    if found.other_name:
        console.print(f"Mind: {found.other_name}.", style="yellow", soft_wrap=True)
    model = subject.model
    folder = model.path if model else None
    remember(settings.models_folder, language, RememberedEars(engine=VOSK, model_folder=folder))


def _tell(settings: Settings, language: str, console: Console) -> None:
    """What is in force now, which the settings may have decided otherwise."""
    console.print(choose_ears(settings, language).line, markup=False, soft_wrap=True)
    if settings.speech_engine != AUTO or (settings.speech_model and language == settings.language):
        console.print(
            "Mind: STERNIK_SPEECH_ENGINE or STERNIK_SPEECH_MODEL is set and goes before this choice.",
            style="yellow",
            soft_wrap=True,
        )
    console.print(
        "Running calls are not touched; `sternik serve` hears with it after its next start.",
        markup=False,
        soft_wrap=True,
    )
