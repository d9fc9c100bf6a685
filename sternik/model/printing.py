"""How the commands of `sternik model` look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape

from sternik.model.stock import state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from ivr.models.manifest import Manifest
    from ivr.models.registry import ModelRegistry
    from sternik.model.stock import Details

_FIGURES: Final = {
    "right": "out_of_fold_accuracy",
    "macro F1": "out_of_fold_macro_f1",
    "right, garbled": "out_of_fold_garbled_accuracy",
}
_SHOWN_DIGITS: Final = 8


def print_versions(registry: ModelRegistry, console: Console) -> None:
    """All versions, newest last, and what is wrong with those that cannot be used."""
    versions = registry.versions()
    if not versions:
        console.print(f"No {registry.language} model is here: sternik train")
        return
    rows = [("version", "trained (UTC)", "corpus", "intents", *_FIGURES, "state")]
    for listed in versions:
        facts = _facts(listed.manifest) if listed.manifest else ("",) * (len(rows[0]) - 2)
        state = state_of(registry, listed.version)
        if listed.problem:
            state = f"{state}, unusable".removeprefix(", ")
        rows.append((listed.version, *facts, state))
    _print_columns(rows, console)
    for listed in versions:
        if listed.problem:
            console.print(escape(listed.problem), soft_wrap=True)


def print_details(details: Details, console: Console) -> None:
    """Everything of one version."""
    manifest = details.manifest
    for name, value in _rows(details):
        console.print(f"{name:<19} {escape(value)}", soft_wrap=True)
    _print_pairs(
        "Figures", {name: f"{value:.4f}" for name, value in manifest.metrics.items()}, console
    )
    _print_pairs("Files", _file_rows(details), console)
    _print_pairs("Made of", manifest.inputs, console)
    for change in details.history:
        reason = f": {change.reason}" if change.reason else ""
        console.print(
            f"{change.at} {change.who} ({change.kind}) "
            f"{change.left or 'nothing'} → {change.entered}{escape(reason)}",
            soft_wrap=True,
        )


def _print_columns(rows: Sequence[Sequence[str]], console: Console) -> None:
    """Versions are there to be copied: a narrow terminal breaks lines and cuts none."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print("  ".join(cells).rstrip(), markup=False, soft_wrap=True)


def _facts(manifest: Manifest) -> tuple[str, ...]:
    return (
        manifest.created[:16].replace("T", " "),
        f"{manifest.utterances} ({manifest.corpus[:_SHOWN_DIGITS]})",
        str(len(manifest.intents)),
        *(_figure(manifest, name) for name in _FIGURES.values()),
    )


def _figure(manifest: Manifest, name: str) -> str:
    value = manifest.metrics.get(name)
    if value is None:
        return ""
    return f"{value:.3f}" if name.endswith("f1") else f"{100 * value:.1f} %"


def _rows(details: Details) -> tuple[tuple[str, str], ...]:
    manifest = details.manifest
    return (
        ("version", details.version),
        ("state", details.state or "a candidate, or out of service"),
        ("trained", manifest.created),
        ("language", manifest.language),
        ("format", str(manifest.format)),
        ("text normalisation", str(manifest.normalisation)),
        ("corpus", f"{manifest.utterances} sentences, SHA-256 {manifest.corpus}"),
        ("all inputs", f"SHA-256 {manifest.content}"),
        ("intents", f"{len(manifest.intents)}: {', '.join(manifest.intents)}"),
        ("for hearing", ", ".join(f"{role} {name}" for role, name in manifest.hearing.items())),
        ("seeds", ", ".join(f"{name} {seed}" for name, seed in manifest.seeds.items())),
        ("made with", ", ".join(f"{name} {found}" for name, found in manifest.libraries.items())),
    )


def _file_rows(details: Details) -> dict[str, str]:
    return {
        check.name: f"{check.sha256 or 64 * '-'} {check.problem or 'as written'}"
        for check in details.files
    }


def _print_pairs(title: str, pairs: Mapping[str, str], console: Console) -> None:
    console.print(f"\n{title}")
    for name, value in sorted(pairs.items()):
        console.print(f"  {name:<40} {escape(value)}", soft_wrap=True)
