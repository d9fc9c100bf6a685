"""From the command's wishes to a report on the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.policy_file import read_policy
from sternik.evaluation.printing import print_summary, progress_bar
from sternik.evaluation.speaking import Listening, read_noises, speak_and_hear
from sternik.speech.in_force import choose_ears
from training import api
from training.costs import DEFAULT_COSTS, read_costs
from training.held_out import as_text, garbled

if TYPE_CHECKING:
    from rich.console import Console

    from sternik.settings import Settings
    from training.held_out import HeldOut

HELD_OUT = "held_out"
REPORTS_FOLDER = Path("var/reports")
SPOKEN_LANGUAGE = "en"
HEARD_NAME = "heard.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for; '' and None mean what `sternik evaluate --help` says of them."""

    model: str
    against: str
    tests: tuple[Path, ...]
    out: Path | None
    spoken: int
    heard: tuple[Path, ...]
    noise: Path | None
    costs: Path | None


def evaluate(settings: Settings, wishes: Wishes, console: Console) -> Path:
    """Judge, write and summarise; gives the page. Raises `ConfigurationError` for unusable files."""
    language = settings.language
    model = api.load(settings.models_folder, language, wishes.model)
    against = _against(settings, wishes, model)
    costs = read_costs(wishes.costs) if wishes.costs else DEFAULT_COSTS
    policy = read_policy(settings.policy_file)
    out = wishes.out or REPORTS_FOLDER / model.version
    tests = [api.load_test(model, path) for path in _test_files(wishes, settings, model.language)]
    files = list(wishes.heard)
    with progress_bar(console) as progress:
        if wishes.spoken:
            files.append(out / HEARD_NAME)
            listening = _listening(settings, wishes, model)
            speak_and_hear(tests[0], wishes.spoken, listening, files[-1], progress)
        held_out = _all_sets(model, tests, [api.load_heard(model, path) for path in files])
        report = api.evaluate(
            model, held_out, policy=policy, costs=costs, against=against, progress=progress
        )
    page = api.write(report, out)
    print_summary(report, page, console)
    return page


def _against(settings: Settings, wishes: Wishes, model: api.Model) -> api.Model | None:
    """The model named, else the one in service unless that is the one judged."""
    if wishes.against:
        return api.load(settings.models_folder, settings.language, wishes.against)
    if not wishes.model:
        return None
    try:
        in_service = api.load(settings.models_folder, settings.language)
    except ModelUnusableError:
        return None
    return None if in_service.version == model.version else in_service


def _test_files(wishes: Wishes, settings: Settings, language: str) -> tuple[Path, ...]:
    folder = settings.corpus_folder / HELD_OUT
    files = wishes.tests or tuple(sorted(folder.glob(f"{language}*.csv")))
    if not files:
        raise ConfigurationError(
            f"no test sentences: {folder} has no {language}*.csv",
            advice="name a file that training never saw: sternik evaluate --test FILE",
        )
    return files


def _all_sets(model: api.Model, tests: list[HeldOut], heard: list[HeldOut]) -> list[HeldOut]:
    """Every set as written, then garbled; of speech, the same sentences as text stand before it."""
    noised = [garbled(one, model.training_sentences, model.language) for one in tests]
    written = [one for pair in zip(tests, noised, strict=True) for one in pair]
    return [*written, *(one for speech in heard for one in (as_text(speech), speech))]


def _listening(settings: Settings, wishes: Wishes, model: api.Model) -> Listening:
    if model.language != SPOKEN_LANGUAGE:
        raise ConfigurationError(
            f"no voice here speaks {model.language!r} well enough to judge by",
            advice="have people speak them, and give what was heard: sternik evaluate --heard FILE",
        )
    return Listening(
        artefact=model.artefact,
        ears=choose_ears(settings, model.language).ears,
        noises=read_noises(wishes.noise) if wishes.noise else (),
    )
