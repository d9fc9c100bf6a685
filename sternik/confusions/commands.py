"""`sternik confusions`: learn what a recogniser makes of speech, for training with errors like them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.errors import ConfigurationError

confusions = typer.Typer(
    no_args_is_help=True, help="What the recogniser mishears: learnt once, used in every training."
)
_console = Console(highlight=False)
_MOST_SENTENCES = 20_000


@confusions.callback()
def _group() -> None:
    """Keep `learn` a command of its own while it is the only one."""


@confusions.command()
def learn(
    *,
    language: Annotated[str, typer.Option(help="language of the corpus")] = "en",
    sentences: Annotated[
        int, typer.Option(min=1, max=_MOST_SENTENCES, help="how many are spoken and heard")
    ] = 1000,
    voices: Annotated[
        str, typer.Option(help="who speaks: Flite's slt awb kal16 kal, or espeak")
    ] = "",
    engine: Annotated[str, typer.Option(help="who listens")] = "pocketsphinx",
    speech_model: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="folder of a Vosk model")
    ] = None,
    corpus: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="folder of the corpus")
    ] = Path("training/corpus"),
    out: Annotated[
        Path | None, typer.Option(help="file to write (training/confusions/ENGINE.LANGUAGE.csv)")
    ] = None,
    work: Annotated[Path, typer.Option(help="where what was heard so far is kept")] = Path(
        "var/confusions"
    ),
) -> None:
    """Have sentences spoken and heard, and count what was heard as what.

    About a second a sentence, on one core. Ctrl-C loses nothing: the same command goes on.
    """
    from sternik.confusions import printing  # noqa: PLC0415
    from sternik.confusions.conditions import HELD_APART_VOICES, LEARNING_VOICES  # noqa: PLC0415
    from sternik.confusions.learning import LearningSettings, learn_confusions  # noqa: PLC0415
    from training.confusions import write_confusions  # noqa: PLC0415
    from training.sources import TrainingSources  # noqa: PLC0415

    chosen = tuple(voices.replace(",", " ").split()) or LEARNING_VOICES
    if kept := sorted(set(chosen) & set(HELD_APART_VOICES)):
        raise ConfigurationError(
            f"{', '.join(kept)} speak where hearing is measured, so nobody learns from them",
            advice=f"Use {', '.join(LEARNING_VOICES)}.",
        )
    settings = LearningSettings(
        engine=engine,
        language=language,
        sentences=sentences,
        voices=chosen,
        work=work,
        speech_model=speech_model,
    )
    with printing.learning_bar(_console) as progress:
        found = learn_confusions(TrainingSources.of_language(corpus, language), settings, progress)
    path = out or Path("training/confusions") / f"{engine}.{language}.csv"
    write_confusions(found, path)
    printing.print_learnt(found, path, _console)
