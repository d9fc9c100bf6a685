"""`sternik speech list`: the models that are here, who listens to which language, what the site has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError
from sternik.speech.choice import VOSK, EarsChoice
from sternik.speech.in_force import choose_ears
from sternik.speech.model_places import KeptModel, model_places
from sternik.speech.provision import model_site
from sternik.speech.published_models import PREFERRED, ModelSize, PublishedModel
from sternik.speech.remembered import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sternik.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Who listens to a language; `choice` is None, and `problem` says why, when nobody can."""

    language: str
    choice: EarsChoice | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything that the command tells; `site_problem` is '' when the site answered."""

    listeners: tuple[Listener, ...]
    kept: tuple[KeptModel, ...]
    site: str
    published: tuple[PublishedModel, ...]
    site_problem: str

    def languages_of(self, folder: Path) -> tuple[str, ...]:
        """The languages that are heard with the model in `folder`."""
        return tuple(
            listener.language
            for listener in self.listeners
            if listener.choice is not None and listener.choice.ears.model_folder == folder
        )


def take_stock(settings: Settings) -> Listing:
    """Look at the disk and ask the site, `Patience.list_seconds` at most."""
    kept = list(model_places(settings.speech_folder).all())
    listeners = tuple(_listener(settings, language) for language in _languages(settings))
    listed = {model.path for model in kept}
    for listener in listeners:
        model = listener.choice.model if listener.choice else None
        if model is not None and model.path not in listed:
            listed.add(model.path)
            kept.append(KeptModel(path=model.path, language=model.language, model=model))
    published, problem = _ask_site(settings)
    return Listing(
        listeners=listeners,
        kept=tuple(kept),
        site=settings.speech_list_url,
        published=published,
        site_problem=problem,
    )


def worth_showing(
    published: Sequence[PublishedModel], languages: Sequence[str], *, everything: bool
) -> tuple[PublishedModel, ...]:
    """Current small models of some languages, or all that the site has; sorted by language and name."""
    shown = (
        model
        for model in published
        if everything
        or (model.language in languages and model.size is ModelSize.SMALL and not model.is_obsolete)
    )
    return tuple(sorted(shown, key=lambda model: (model.language, model.name)))


def as_json(listing: Listing) -> dict[str, object]:
    """The listing for programs: sizes in bytes, null for what is not known."""
    return {
        "languages": {
            listener.language: _listener_json(listener) for listener in listing.listeners
        },
        "models": [_kept_json(kept, listing) for kept in listing.kept],
        "site": {
            "list_url": listing.site,
            "problem": listing.site_problem or None,
            "models": [_published_json(model) for model in listing.published],
        },
    }


def _languages(settings: Settings) -> tuple[str, ...]:
    """Ours, the caller's, and those that something was chosen for."""
    chosen = (file.parent.name for file in settings.models_folder.glob(f"*/{FILE_NAME}"))
    return tuple(dict.fromkeys((settings.language, *PREFERRED, *sorted(chosen))))


def _listener(settings: Settings, language: str) -> Listener:
    try:
        return Listener(language=language, choice=choose_ears(settings, language))
    except ConfigurationError as error:
        return Listener(language=language, choice=None, problem=str(error))


def _ask_site(settings: Settings) -> tuple[tuple[PublishedModel, ...], str]:
    try:
        return model_site(settings).models(), ""
    except ConfigurationError as error:
        return (), str(error)


def _listener_json(listener: Listener) -> dict[str, object]:
    choice = listener.choice
    if choice is None:
        return {"engine": None, "problem": listener.problem}
    return {
        "engine": choice.ears.engine,
        "model": choice.model.name if choice.model else None,
        "folder": str(choice.ears.model_folder) if choice.ears.model_folder else None,
        "free_form": choice.ears.free_form if choice.ears.engine == VOSK else None,
        "because": choice.because,
        "problem": None,
    }


def _kept_json(kept: KeptModel, listing: Listing) -> dict[str, object]:
    model = kept.model
    return {
        "name": model.name if model else kept.path.name,
        "language": kept.language,
        "folder": str(kept.path),
        "size_bytes": model.size_bytes if model else None,
        "graph": model.graph.value if model else None,
        "sample_rate_hz": model.sample_rate_hz if model else None,
        "listens_to": list(listing.languages_of(kept.path)),
        "problem": kept.problem or None,
    }


def _published_json(model: PublishedModel) -> dict[str, object]:
    return {
        "name": model.name,
        "language": model.language,
        "language_text": model.language_text,
        "type": model.size.value,
        "zip_bytes": model.size_bytes,
        "obsolete": model.is_obsolete,
        "url": model.url,
    }
