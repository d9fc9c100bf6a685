"""The command line: `sternik COMMAND`; every command has `--help`.

Each command imports what it needs itself: the parent process of `sternik serve` lives here as long as
calls are served, and has 40 MB instead of 90 MB that way.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ivr.errors import ConfigurationError, SternikError
from sternik.confusions.commands import confusions
from sternik.corpus.commands import corpus
from sternik.logs import LogFormat, set_up_logs
from sternik.model.commands import model
from sternik.rehearsal import NUMBER
from sternik.settings import Settings, load_settings
from sternik.speech.commands import speech
from sternik.supervisor import run_until_stopped
from sternik.voices.caller_voice import CallerVoice

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Call steering for Asterisk: callers say what they need and reach the right person.",
)
app.add_typer(speech, name="speech")
app.add_typer(corpus, name="corpus")
app.add_typer(model, name="model")
app.add_typer(confusions, name="confusions")
console = Console(highlight=False)


@app.command()
def prepare() -> None:
    """Get Asterisk, speak the prompts and train the model, each only where it is missing."""
    from sternik import preparation  # noqa: PLC0415

    preparation.prepare(load_settings(), console)


@app.command()
def train(
    *,
    force: Annotated[bool, typer.Option(help="train even if nothing has changed")] = True,
    promote: Annotated[bool, typer.Option("--promote", help="put it in service at once")] = False,
    embeddings: Annotated[
        bool, typer.Option(help="use sentence embeddings too (English; sternik[embeddings])")
    ] = False,
) -> None:
    """Train a steering model from `training/corpus`: a candidate, unless none is in service."""
    from sternik import preparation  # noqa: PLC0415

    preparation.train(load_settings(), console, force=force, promote=promote, embeddings=embeddings)


@app.command()
def evaluate(
    *,
    model: Annotated[str, typer.Option(help="a version; default: the one in service")] = "",
    test: Annotated[
        list[Path] | None,
        typer.Option(help="corpus file that training never saw; default: training/corpus/held_out"),
    ] = None,
    against: Annotated[
        str, typer.Option(help="another version; default: the one in service, if not judged itself")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="folder of the report; default: var/reports/VERSION")
    ] = None,
    spoken: Annotated[
        int, typer.Option(min=0, help="have so many sentences spoken and recognised, too")
    ] = 0,
    heard: Annotated[
        list[Path] | None,
        typer.Option(help="recognised speech: CSV or JSONL with text, heard, intent, voice"),
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="folder of wav files: noise 20 dB below what is spoken")
    ] = None,
    costs: Annotated[
        Path | None, typer.Option(help="YAML of what mistakes cost; default: training/costs.py")
    ] = None,
) -> None:
    """Judge a model on sentences it never saw and write a report, HTML and JSON."""
    from sternik.evaluation.run import Wishes  # noqa: PLC0415
    from sternik.evaluation.run import evaluate as run_evaluation  # noqa: PLC0415

    wishes = Wishes(
        model=model,
        against=against,
        tests=tuple(test or ()),
        out=out,
        spoken=spoken,
        heard=tuple(heard or ()),
        noise=noise,
        costs=costs,
    )
    run_evaluation(load_settings(), wishes, console)


@app.command()
def serve() -> None:
    """Serve calls until stopped (SIGTERM or Ctrl-C; once more to end at once)."""
    settings = load_settings()
    _logs(settings)
    raise typer.Exit(asyncio.run(run_until_stopped(settings)))


@app.command()
def demo(
    *, once: Annotated[bool, typer.Option(help="end after the demonstration call")] = False
) -> None:
    """Start Asterisk, Sternik and an agent, and put a spoken call through."""
    from sternik.rehearsal.demonstration import demonstrate  # noqa: PLC0415

    _logs(load_settings())
    raise typer.Exit(asyncio.run(demonstrate(once=once, console=console)))


@app.command()
def call(
    file: Annotated[
        Path, typer.Argument(help="a recording: wav of any usual rate, mono or stereo")
    ],
    number: Annotated[str, typer.Option(help="the number to ring")] = NUMBER,
) -> None:
    """Ring the running Sternik and play it a recording as the caller's voice."""
    from ivr.wav import read_wav, telephone_pcm  # noqa: PLC0415

    speech = telephone_pcm(read_wav(file))
    _place(speech=speech, said=f"plays {file}", number=number)


@app.command()
def say(
    sentence: Annotated[str, typer.Argument(help="what the caller says")] = "",
    voice: Annotated[CallerVoice, typer.Option(help="who says it")] = CallerVoice.SLT,
    keys: Annotated[str, typer.Option(help="keys to press after it, such as 0")] = "",
    number: Annotated[str, typer.Option(help="the number to ring")] = NUMBER,
) -> None:
    """Ring the running Sternik and say a sentence with a synthetic voice."""
    from sternik.voices.callers import speak_as_caller  # noqa: PLC0415
    from sternik.voices.prompts import prompts_voice  # noqa: PLC0415

    if not sentence and not keys:
        raise ConfigurationError("nothing to say", advice='sternik say "I forgot my PIN"')
    settings = load_settings()
    speech = b""
    if sentence:
        prompts = prompts_voice(settings.prompts_folder / settings.language)
        speech = speak_as_caller(sentence, voice=voice, prompts_voice=prompts)
    _place(speech=speech, said=f"“{sentence}” (voice: {voice})", number=number, keys=keys)


@app.command("settings")
def show_settings() -> None:
    """Every setting, its environment variable, the value in force and what it means."""
    settings = load_settings()
    table = Table("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(f"STERNIK_{name.upper()}", settings.shown(name), field.description or "")
    console.print(table)


def _place(*, speech: bytes, said: str, number: str, keys: str = "") -> None:
    from sternik.rehearsal.placed_call import CallPlan, watch_placed_call  # noqa: PLC0415

    settings = load_settings()
    plan = CallPlan(
        host=settings.sip_host,
        port=settings.sip_port,
        number=number,
        said=said,
        speech=speech,
        keys=keys,
    )
    asyncio.run(watch_placed_call(plan, settings.database_url, console))


def _logs(settings: Settings) -> None:
    set_up_logs(
        level=settings.log_level,
        log_format=LogFormat.JSON if settings.log_json else LogFormat.CONSOLE,
        show_personal_data=settings.show_personal_data,
    )


def main() -> None:
    """Run a command; what an administrator has to mend is told in plain words, exit code 1."""
    try:
        app()
    except SternikError as error:
        advice = getattr(error, "advice", "")
        complaints = Console(stderr=True, highlight=False)
        complaints.print(f"sternik: {error}", style="red", markup=False, soft_wrap=True)
        if advice:
            complaints.print(f"  {advice}", markup=False, soft_wrap=True)
        sys.exit(1)
