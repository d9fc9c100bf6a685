"""What has to be there before calls can be served: Asterisk, prompts, the steering model."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from sternik.asterisk_programs import provide_asterisk
from sternik.prompt_voices import make_prompts
from sternik.settings import Settings
from training.build import build_artefact, needs_training

CORPUS_FOLDER = Path("training/corpus")


def prepare(settings: Settings, console: Console) -> None:
    """Make what is missing or out of date, and say what there is."""
    asterisk = provide_asterisk(console.print)
    console.print(f"      Asterisk {asterisk.version} ({asterisk.origin})")
    make_all_prompts(settings, console)
    train(settings, console, force=False)


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


def train(settings: Settings, console: Console, *, force: bool) -> None:
    """Train the language's model when its corpus has changed, or when told to."""
    corpus = sorted(CORPUS_FOLDER.glob(f"{settings.language}*.csv"))
    if not force and not needs_training(settings.models_folder, settings.language, corpus):
        console.print(f"      the steering model for {settings.language} is up to date")
        return
    artefact = build_artefact(
        corpus=corpus,
        language=settings.language,
        root=settings.models_folder,
        extra_dictionary=CORPUS_FOLDER / f"{settings.language}.dict",
        progress=console.print,
    )
    console.print(f"      steering model {artefact.version}")
