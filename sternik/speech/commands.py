"""`sternik speech`: see, fetch, choose and check the models that Sternik hears with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ivr.errors import ConfigurationError
from sternik.settings import load_settings

# What the commands need reaches the network or takes long to import, so each imports it itself:
# `sternik serve` passes through here, too.

speech = typer.Typer(
    no_args_is_help=True, help="Who listens: engines and their models. See, fetch, choose, check."
)
_console = Console(highlight=False)


@speech.command("list")
def list_models(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    everything: Annotated[bool, typer.Option("--all", help="all that the site has")] = False,
) -> None:
    """Show who listens to which language, the models that are here, and those on Vosk's site."""
    from sternik.speech import listing, printing  # noqa: PLC0415

    stock = listing.take_stock(load_settings())
    if as_json:
        typer.echo(json.dumps(listing.as_json(stock), ensure_ascii=False, indent=2))
    else:
        printing.print_listing(stock, _console, everything=everything)


@speech.command()
def fetch(
    what: Annotated[str, typer.Argument(metavar="LANGUAGE|NAME", help="such as en, or a model")],
    *,
    again: Annotated[bool, typer.Option("--again", help="also when it is here")] = False,
) -> None:
    """Download a model from Vosk's site; a download that was cut off goes on where it stopped."""
    from sternik.speech import printing, provision  # noqa: PLC0415

    with printing.download_bar(_console) as report:
        fetched = provision.fetch(
            load_settings(), what, say=_console.print, report=report, again=again
        )
    model = fetched.model
    there = "is here already" if fetched.was_there else "is here"
    _console.print(f"{model.name} {there}: {model.path}", soft_wrap=True)
    _console.print(f"Try it: .venv/bin/sternik speech check {model.name}", soft_wrap=True)


@speech.command()
def use(
    language: Annotated[str, typer.Argument(metavar="LANGUAGE", help="two letters, such as en")],
    what: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|NAME|pocketsphinx|auto",
            help="a model's folder or name; the other engine; or the best there is",
        ),
    ],
) -> None:
    """Choose who listens to a language, from the next start of `sternik serve` on."""
    from sternik.speech import adoption  # noqa: PLC0415

    adoption.adopt(load_settings(), language, what, _console)


@speech.command()
def check(
    what: Annotated[
        str, typer.Argument(metavar="[LANGUAGE|NAME|FOLDER]", help="default: who listens now")
    ] = "",
    recording: Annotated[
        Path | None, typer.Argument(metavar="[FILE.wav]", help="a recording to hear")
    ] = None,
    language: Annotated[str, typer.Option(help="whose corpus a folder is compared with")] = "",
    *,
    all_words: Annotated[bool, typer.Option("--all", help="every word that it lacks")] = False,
) -> None:
    """Open a model for real: what it is, which of the corpus's words it lacks, what it hears."""
    from sternik.speech import checkup, printing  # noqa: PLC0415

    settings = load_settings()
    subject = checkup.subject_of(settings, what, language)
    if subject.note:
        _console.print(subject.note, markup=False, soft_wrap=True)
    with _console.status("opening the model …"):
        found = checkup.compare(settings, subject)
        result = checkup.try_out(found, recording)
    printing.print_checkup(found, result, _console, all_words=all_words)
    if problem := found.few_words or found.other_name:
        raise ConfigurationError(
            problem,
            advice="choose a model of the language: sternik speech list",
        )
