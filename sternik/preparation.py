"""What has to be there before calls can be served: Asterisk, prompts, the steering model."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from sternik.asterisk.programs import provide_asterisk
from sternik.settings import Settings
from sternik.speech.in_force import choose_ears
from sternik.speech.printing import download_bar
from sternik.speech.provision import try_to_get_vosk
from sternik.voices.hold_music import provide_hold_music
from sternik.voices.prompts import make_prompts
from training.build import build_artefact
from training.inputs import needs_training
from training.intent_trainer import TrainerSettings
from training.report import remarks_on_words
from training.sources import TrainingSources

CORPUS_FOLDER = Path("training/corpus")


def prepare(settings: Settings, console: Console) -> None:
    """Make what is missing or out of date, and say what there is."""
    asterisk = provide_asterisk(console.print)
    console.print(f"      Asterisk {asterisk.version} ({asterisk.origin})")
    make_all_prompts(settings, console)
    provide_hold_music(
        settings.dialplan_folder / "prompts" / "hold", settings.prompts_folder / "hold"
    )
    train(settings, console, force=False)
    provide_ears(settings, console)


def provide_ears(settings: Settings, console: Console) -> None:
    """Try to get a Vosk model where none is here, and say who listens.

    Raises `ConfigurationError` when nobody can.
    """
    with download_bar(console, indent="      ") as report:
        try_to_get_vosk(settings, say=lambda line: console.print(f"      {line}"), report=report)
    console.print(f"      {choose_ears(settings).line}", markup=False, soft_wrap=True)


def make_all_prompts(settings: Settings, console: Console) -> None:
    """Speak every language's prompts that were not spoken or recorded yet."""
    for texts_file in sorted((settings.dialplan_folder / "prompts").glob("*.yaml")):
        prompts = make_prompts(
            language=texts_file.stem,
            texts_file=texts_file,
            recordings_folder=texts_file.with_suffix(""),
            output_folder=settings.prompts_folder / texts_file.stem,
            say=console.print,
        )
        console.print(
            f"      {len(prompts.made) + len(prompts.kept)} prompts in {texts_file.stem} "
            f"by {prompts.voice}"
        )


def train(settings: Settings, console: Console, *, force: bool, embeddings: bool = False) -> None:
    """Train the language's model when its corpus has changed, or when told to."""
    language = settings.language
    sources = TrainingSources.of_language(CORPUS_FOLDER, language)
    if not force and not needs_training(settings.models_folder, language, sources):
        console.print(f"      the steering model for {language} is up to date")
        return
    bar = Progress(
        TextColumn("      {task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )
    with bar:
        task = bar.add_task("training", total=1.0)
        artefact = build_artefact(
            sources=sources,
            language=language,
            root=settings.models_folder,
            settings=TrainerSettings(embeddings=embeddings),
            progress=lambda step, share: bar.update(task, description=step, completed=share),
        )
    console.print(f"      steering model {artefact.version}")
    own = sources.dictionary or CORPUS_FOLDER / f"{language}.dict"
    for remark in remarks_on_words(artefact.report, str(own)):
        console.print(f"      {remark}", soft_wrap=True, markup=False)
