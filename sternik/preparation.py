"""What has to be there before calls can be served: Asterisk, prompts, the steering model."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ivr.errors import ConfigurationError
from ivr.models.artefact import ModelArtefact
from ivr.models.registry import ModelRegistry
from ivr.models.service_history import ChangeKind
from sternik.asterisk.programs import provide_asterisk
from sternik.settings import Settings
from sternik.speech.in_force import choose_ears
from sternik.speech.printing import download_bar
from sternik.speech.provision import try_to_get_vosk
from sternik.voices.hold_music import provide_hold_music
from sternik.voices.prompts import make_prompts
from training.build import build_artefact
from training.inputs import ModelNeed, model_need
from training.intent_trainer import TrainerSettings
from training.report import remarks_on_words
from training.sources import TrainingSources


def prepare(settings: Settings, console: Console) -> None:
    """Make what is missing or out of date, and say what there is."""
    asterisk = provide_asterisk(partial(console.print, soft_wrap=True))
    console.print(f"      Asterisk {asterisk.version} ({asterisk.origin})")
    make_all_prompts(settings, console)
    provide_hold_music(
        settings.dialplan_folder / "prompts" / "hold", settings.prompts_folder / "hold"
    )
    provide_model(settings, console)
    provide_ears(settings, console)


def provide_ears(settings: Settings, console: Console) -> None:
    """Try to get a Vosk model where none is here, and say who listens.

    Raises `ConfigurationError` when nobody can.
    """
    with download_bar(console, indent="      ") as report:
        try_to_get_vosk(settings, say=lambda line: console.print(f"      {line}"), report=report)
    console.print(f"      {choose_ears(settings).line}", markup=False, soft_wrap=True)


def make_all_prompts(settings: Settings, console: Console) -> None:
    """Speak every language's prompts that were not spoken or recorded yet.

    A language that nobody rings in may stay silent: it is told, and the others go on. Raises
    `ConfigurationError` when the prompts of the language in service cannot be made.
    """
    for texts_file in sorted((settings.dialplan_folder / "prompts").glob("*.yaml")):
        try:
            _make_prompts(texts_file, settings, console)
        except ConfigurationError as error:
            if texts_file.stem == settings.language:
                raise
            silent = f"      no prompts in {texts_file.stem}: {error}. {error.advice}"
            console.print(silent, soft_wrap=True)


def _make_prompts(texts_file: Path, settings: Settings, console: Console) -> None:
    prompts = make_prompts(
        language=texts_file.stem,
        texts_file=texts_file,
        recordings_folder=texts_file.with_suffix(""),
        output_folder=settings.prompts_folder / texts_file.stem,
        say=partial(console.print, soft_wrap=True),
    )
    console.print(
        f"      {len(prompts.made) + len(prompts.kept)} prompts in {texts_file.stem} "
        f"by {prompts.voice}"
    )


def provide_model(settings: Settings, console: Console) -> None:
    """Have a steering model of the corpus as it is in service, unless people decided otherwise."""
    need, version = model_need(settings.models_folder, settings.language, _sources(settings))
    registry = ModelRegistry(settings.models_folder, settings.language)
    match need:
        case ModelNeed.NOTHING:
            console.print(f"      the steering model {version} is up to date")
        case ModelNeed.TRAINING:
            train_model(settings, console, promote=True)
        case ModelNeed.PROMOTION:
            registry.promote(version, reason="made of this corpus", kind=ChangeKind.AUTOMATIC)
            console.print(f"      steering model {version}")
        case ModelNeed.DECISION:
            console.print(
                f"      steering model {registry.current}, as was decided; {_how_to(version)}"
            )


def train(
    settings: Settings, console: Console, *, force: bool, promote: bool, embeddings: bool = False
) -> None:
    """Train a candidate, unless the corpus's model is there and nobody insists; promote it if told to."""
    version = ""
    if not force:
        _, version = model_need(settings.models_folder, settings.language, _sources(settings))
    if version:
        console.print(f"      nothing has changed since steering model {version} was trained")
    else:
        version = train_model(settings, console, promote=False, embeddings=embeddings).version
    registry = ModelRegistry(settings.models_folder, settings.language)
    if promote:
        registry.promote(version, reason="sternik train --promote")
    if registry.current == version:
        console.print(f"      {version} is in service")
    else:
        console.print(f"      {registry.current} stays in service; {_how_to(version)}")


def train_model(
    settings: Settings, console: Console, *, promote: bool, embeddings: bool = False
) -> ModelArtefact:
    """Train with a bar, and say what became of the corpus's words."""
    sources = _sources(settings)
    bar = Progress(
        TextColumn("      {task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )
    with bar:
        task = bar.add_task("training", total=1.0)
        artefact = build_artefact(
            sources=sources,
            language=settings.language,
            root=settings.models_folder,
            settings=TrainerSettings(embeddings=embeddings),
            progress=lambda step, share: bar.update(task, description=step, completed=share),
            promote=promote,
        )
    console.print(f"      steering model {artefact.version}")
    own = sources.dictionary or settings.corpus_folder / f"{settings.language}.dict"
    for remark in remarks_on_words(artefact.report, str(own)):
        console.print(f"      {remark}", soft_wrap=True, markup=False)
    return artefact


def _sources(settings: Settings) -> TrainingSources:
    return TrainingSources.of_language(settings.corpus_folder, settings.language)


def _how_to(version: str) -> str:
    return f"to use {version}: sternik model promote {version}"
