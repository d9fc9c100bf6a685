"""Who listens: the one place where engine and acoustic model are chosen.

First what the settings name, then what `sternik speech use` chose, then the best Vosk model that is here,
then PocketSphinx for the language that it knows. Nothing is downloaded here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ivr.errors import ConfigurationError, ModelUnusableError

if TYPE_CHECKING:
    from ivr.models.vosk_model_folder import VoskModelFolder
    from sternik.speech.remembered import RememberedEars

AUTO: Final = "auto"
VOSK: Final = "vosk"
POCKETSPHINX: Final = "pocketsphinx"
POCKETSPHINX_LANGUAGE: Final = "en"
"""Its package carries an acoustic model and a dictionary of US English, and of nothing else."""

_ENGINE_VARIABLE: Final = "STERNIK_SPEECH_ENGINE"
_MODEL_VARIABLE: Final = "STERNIK_SPEECH_MODEL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """What the worker builds its recognisers of.

    `model_folder` is None for an engine that brings its own acoustic model. `free_form`: the engine's
    general language model instead of what the corpus expects.
    """

    engine: str
    model_folder: Path | None = None
    free_form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EarsChoice:
    """Who listens, why, and what to do about it where that is second best (`advice`, else '').

    `model` is the Vosk model, or None. `otherwise` listens when that model turns out to be damaged, and
    nobody asked for it by name.
    """

    language: str
    ears: Ears
    because: str
    model: VoskModelFolder | None = None
    advice: str = ""
    otherwise: Ears | None = None

    @property
    def who(self) -> str:
        """Who listens to what, and with which model."""
        name = {VOSK: "Vosk", POCKETSPHINX: "PocketSphinx"}.get(self.ears.engine, self.ears.engine)
        who = f"{name} listens ({self.language})"
        if self.model is None:
            return who
        reason = "" if self.model.takes_grammars else " (it takes no grammar)"
        return f"{who} with {self.model.name}" + f", free-form{reason}" * self.ears.free_form

    @property
    def line(self) -> str:
        """The choice in one plain line: who, why where that is not plain, and what to do about it."""
        why = f": {self.because}" if self.model is None else ""
        return f"{self.who}{why}" + (f". {self.advice}" if self.advice else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for: by settings (`engine`, `model`, `free_form`) and by `sternik speech use`.

    `model` is a folder or a name, '' for none. `tried` tells how a recent attempt to fetch a model
    failed, '' when there was none.
    """

    language: str
    engine: str = AUTO
    model: str = ""
    free_form: bool = False
    remembered: RememberedEars | None = None
    tried: str = ""


class ModelLookup(Protocol):
    """Where models are looked up; `sternik.speech.model_places` in earnest."""

    def read(self, named: str) -> VoskModelFolder:
        """The model of a name or path; raises `ModelUnusableError`."""
        ...

    def of_language(self, language: str) -> VoskModelFolder | None:
        """The best usable model of a language that is here."""
        ...


def choose(wishes: Wishes, lookup: ModelLookup) -> EarsChoice:
    """Decide. Raises `ConfigurationError` when what was asked for is no use, or nothing can listen."""
    if wishes.engine not in {AUTO, VOSK}:
        return _named_engine(wishes, wishes.engine, wishes.model, f"{_ENGINE_VARIABLE} says so")
    if wishes.model:
        advice = f"or unset {_MODEL_VARIABLE}, and Sternik chooses"
        model = _read(lookup, wishes.model, where=_MODEL_VARIABLE, advice=advice)
        return _vosk(wishes, model, f"{_MODEL_VARIABLE} names it")
    remembered = wishes.remembered
    if remembered is not None and _is_wanted(remembered, wishes.engine):
        return _as_remembered(wishes, remembered, lookup)
    found = lookup.of_language(wishes.language)
    if found is not None:
        best = _vosk(wishes, found, f"it is the best model for {wishes.language} here")
        has_second = wishes.language == POCKETSPHINX_LANGUAGE and wishes.engine == AUTO
        return replace(best, otherwise=Ears(engine=POCKETSPHINX) if has_second else None)
    if wishes.engine == VOSK:
        raise _no_model(wishes)
    return _second_best(wishes)


def _is_wanted(remembered: RememberedEars, engine: str) -> bool:
    return engine in {AUTO, remembered.engine}


def _as_remembered(wishes: Wishes, remembered: RememberedEars, lookup: ModelLookup) -> EarsChoice:
    because = "`sternik speech use` chose it"
    folder = str(remembered.model_folder or "")
    if remembered.engine != VOSK:
        return _named_engine(wishes, remembered.engine, folder, because)
    where = f"chosen by `sternik speech use {wishes.language}`"
    advice = f"or let Sternik choose: sternik speech use {wishes.language} auto"
    return _vosk(wishes, _read(lookup, folder, where=where, advice=advice), because)


def _vosk(wishes: Wishes, model: VoskModelFolder, because: str) -> EarsChoice:
    free_form = wishes.free_form or not model.takes_grammars
    ears = Ears(engine=VOSK, model_folder=model.path, free_form=free_form)
    return EarsChoice(language=wishes.language, ears=ears, because=because, model=model)


def _named_engine(wishes: Wishes, engine: str, model: str, because: str) -> EarsChoice:
    if engine == POCKETSPHINX:
        if wishes.language != POCKETSPHINX_LANGUAGE:
            raise ConfigurationError(
                f"PocketSphinx does not know {wishes.language!r}, only {POCKETSPHINX_LANGUAGE!r}",
                where=_ENGINE_VARIABLE,
                advice=f"let Vosk listen: {_how_to_get_vosk(wishes.language)}",
            )
        ears = Ears(engine=POCKETSPHINX)
    else:
        folder = Path(model).expanduser().absolute() if model else None
        ears = Ears(engine=engine, model_folder=folder, free_form=wishes.free_form)
    return EarsChoice(language=wishes.language, ears=ears, because=because)


def _second_best(wishes: Wishes) -> EarsChoice:
    if wishes.language != POCKETSPHINX_LANGUAGE:
        raise _no_model(wishes)
    return EarsChoice(
        language=wishes.language,
        ears=Ears(engine=POCKETSPHINX),
        because=_why_no_model(wishes),
        advice=f"To get Vosk: {_how_to_get_vosk(wishes.language)}",
    )


def _no_model(wishes: Wishes) -> ConfigurationError:
    return ConfigurationError(
        f"nothing can listen ({wishes.language}): {_why_no_model(wishes)}",
        advice=f"get a model: {_how_to_get_vosk(wishes.language)}",
    )


def _why_no_model(wishes: Wishes) -> str:
    return (
        f"no Vosk model could be fetched ({wishes.tried})"
        if wishes.tried
        else "no Vosk model is here"
    )


def _how_to_get_vosk(language: str) -> str:
    return (
        f".venv/bin/sternik speech fetch {language}, on a machine that reaches Vosk's site, "
        f"or name a model's folder: {_MODEL_VARIABLE}=…"
    )


def _read(lookup: ModelLookup, named: str, *, where: str, advice: str) -> VoskModelFolder:
    try:
        return lookup.read(named)
    except ModelUnusableError as error:
        raise ConfigurationError(str(error), where=where, advice=advice) from error
