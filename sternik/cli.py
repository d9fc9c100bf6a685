"""The command line (for now only what set-up needs)."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ivr.errors import ConfigurationError
from sternik.asterisk_programs import provide_asterisk
from sternik.prompt_voices import make_prompts

_CHECKOUT = Path(__file__).parent.parent

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def sternik() -> None:
    """Call steering for Asterisk."""


@app.command()
def prepare() -> None:
    """Get Asterisk and speak the prompts, where they are missing."""
    asterisk = provide_asterisk(typer.echo)
    typer.echo(f"Asterisk {asterisk.version} ({asterisk.origin})")
    for texts_file in sorted((_CHECKOUT / "dialplan" / "prompts").glob("*.yaml")):
        language = texts_file.stem
        prompts = make_prompts(
            language=language,
            texts_file=texts_file,
            recordings_folder=texts_file.with_suffix(""),
            output_folder=_CHECKOUT / "var" / "prompts" / language,
            say=typer.echo,
        )
        typer.echo(f"{len(prompts.made) + len(prompts.kept)} prompts by {prompts.voice}")


def main() -> None:
    """Run a command; what an administrator has to mend is told in plain words."""
    try:
        app()
    except ConfigurationError as error:
        typer.echo(f"sternik: {error}\n{error.advice}".rstrip(), err=True)
        sys.exit(1)
