"""`sternik model`: see the trained models, put one in service, go back, clear up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ivr.errors import ConfigurationError, ModelUnusableError
from sternik.settings import load_settings

if TYPE_CHECKING:
    from ivr.models.registry import ModelRegistry

# What the commands need takes long to import, so each imports it itself: `sternik serve` passes
# through here, too.

model = typer.Typer(
    no_args_is_help=True,
    help="What understands callers: the trained models. See, put in service, go back, clear up.",
)
_console = Console(highlight=False)

_NOTICED = "A running Sternik takes it for new calls within seconds; see `model.` in its log."
Language = Annotated[str, typer.Option(help="two letters; default: the caller's language")]
Json = Annotated[bool, typer.Option("--json", help="for programs")]
Reason = Annotated[str, typer.Option(help="why, for the history")]


@model.command("list")
def list_models(*, language: Language = "", as_json: Json = False) -> None:
    """Show all versions: when, of which corpus, main figures, which is in service, which was before."""
    from sternik.model import printing, stock  # noqa: PLC0415

    registry = _registry(language)
    if as_json:
        _print_json(stock.as_json(registry))
    else:
        printing.print_versions(registry, _console)


@model.command()
def show(
    version: Annotated[str, typer.Argument(help="default: the one in service")] = "",
    *,
    language: Language = "",
    as_json: Json = False,
) -> None:
    """Show everything of one version, every file held against its hash."""
    from sternik.model import printing, stock  # noqa: PLC0415

    registry = _registry(language)
    if not (version or registry.current):
        raise ConfigurationError("no model is in service", advice="run `sternik train`")
    details = stock.examine(registry, version or registry.current)
    if as_json:
        _print_json(stock.details_as_json(details))
    else:
        printing.print_details(details, _console)
    if details.problem:
        raise ModelUnusableError(details.problem)


@model.command()
def promote(
    version: Annotated[str, typer.Argument(help="see `sternik model list`")],
    *,
    reason: Reason = "",
    language: Language = "",
) -> None:
    """Put a version in service, once it is verified; what fails changes nothing."""
    registry = _registry(language)
    left = registry.current
    registry.promote(version, reason=reason)
    if left == version:
        _console.print(f"{version} is in service already.")
    else:
        _console.print(f"{version} is in service{_instead_of(left)}. {_NOTICED}", soft_wrap=True)


@model.command()
def rollback(*, reason: Reason = "", language: Language = "") -> None:
    """Put the version in service that was there before; again: the one before that."""
    registry = _registry(language)
    left = registry.current
    version = registry.roll_back(reason=reason).version
    _console.print(f"{version} is in service again{_instead_of(left)}. {_NOTICED}", soft_wrap=True)


@model.command()
def prune(
    *,
    keep: Annotated[int, typer.Option(min=0, help="how many of the newest stay")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
    language: Language = "",
) -> None:
    """Remove old versions; never the one in service, the one before it, or one that is still served."""
    removed = _registry(language).prune(keep, dry_run=dry_run)
    for version in removed:
        _console.print(f"{'would remove' if dry_run else 'removed'} {version}")
    if not removed:
        _console.print("nothing to remove")


def _registry(language: str) -> ModelRegistry:
    from ivr.models.registry import ModelRegistry  # noqa: PLC0415

    settings = load_settings(**({"language": language} if language else {}))
    return ModelRegistry(settings.models_folder, settings.language)


def _instead_of(left: str) -> str:
    return f" instead of {left}" if left else ""


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
