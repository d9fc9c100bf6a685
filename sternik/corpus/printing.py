"""How `sternik corpus` looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich import box
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.corpus_checks.findings import FindingKind, Findings, Severity

if TYPE_CHECKING:
    from rich.console import Console

    from training.corpus_checks.check import CorpusCheck, LanguageCheck
    from training.corpus_checks.health import CorpusHealth
    from training.corpus_imports.importing import Imported
    from training.progress import Progress as Report

_COLOURS: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@contextmanager
def progress_bar(console: Console) -> Iterator[Report]:
    """A bar with the step that runs; it goes away when all is done, and is not there in a pipe."""
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


def print_check(check: CorpusCheck, console: Console, *, shown: int) -> None:
    """Health by language, then what is wrong: `shown` of each kind, the gravest kinds first."""
    for language, found in check.languages.items():
        console.print(f"[bold]{language}[/bold]")
        _print_health(found.health, found.agreement, console)
        _print_intents(found.health, console)
    _print_findings(check.findings, console, shown=shown)
    for language, found in check.languages.items():
        _print_language(language, found, console, shown=shown)
    errors, warnings = check.count(Severity.ERROR), check.count(Severity.WARNING)
    colour = "red" if errors else "yellow" if warnings else "green"
    console.print(
        f"{_many(errors, 'error')}, {_many(warnings, 'warning')} in "
        f"{_many(len(check.files), 'file')}",
        style=colour,
    )


def print_imported(imported: Imported, console: Console) -> None:
    """What came in, and what did not."""
    lines = [f"{imported.written:,} of {_many(imported.rows, 'row')} -> {imported.destination}"]
    if imported.repeated:
        lines.append(f"{imported.repeated:,} were there already in this file, and left out")
    if imported.left_out:
        lines.append(f"{imported.left_out:,} have labels that the mapping leaves out")
    if imported.ignored_columns:
        lines.append(f"columns that a corpus does not have: {', '.join(imported.ignored_columns)}")
    if imported.unused_labels:
        unused = ", ".join(imported.unused_labels)
        lines.append(f"labels of the mapping that no row has: {unused}")
    if imported.rejected:
        count = _many(imported.rejected, "bad row")
        lines.append(f"{count}, with line and reason -> {imported.rejects}")
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def _print_health(health: CorpusHealth, agreement: float | None, console: Console) -> None:
    facts = [
        ("sentences", f"{health.rows:,}, of them {health.held_out_rows:,} held out"),
        ("weight in training", f"{health.weight:,.6g}"),
        ("intents", f"{len(health.rows_by_intent):,}"),
        ("sessions, speakers", f"{health.sessions:,}, {health.speakers:,}"),
        (
            "words a sentence",
            f"{health.median_words:g} in the median; {health.short_share:.1%} have three or fewer",
        ),
        ("different words", f"{health.distinct_words:,}"),
        ("distinct trigrams", f"{health.distinct_trigrams:.1%} of all runs of three words"),
        ("with a hesitation", f"{health.with_hesitation:.1%}"),
        ("near duplicates", f"{health.near_duplicates / health.rows:.1%} of the sentences"),
    ]
    if agreement is not None:
        facts.append(("labels agreed with", f"{agreement:.1%}, by a model that had not seen them"))
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(f"  {name}", value)
    console.print(grid)


def _print_intents(health: CorpusHealth, console: Console) -> None:
    table = Table("intent", box=box.SIMPLE)
    table.add_column("training", justify="right")
    table.add_column("held out", justify="right")
    for intent, (training, held_out) in health.rows_by_intent.items():
        table.add_row(intent, f"{training:,}", f"{held_out:,}")
    console.print(table)


def _print_language(language: str, found: LanguageCheck, console: Console, *, shown: int) -> None:
    _print_findings(found.findings, console, shown=shown, language=language)
    for reason in found.not_checked:
        console.print(f"{language}: not checked: {reason}", markup=False, soft_wrap=True)


def _print_findings(
    findings: Findings, console: Console, *, shown: int, language: str = ""
) -> None:
    for kind in FindingKind:
        count = findings.counts[kind]
        if not count:
            continue
        severity = kind.severity
        head = (
            f"{language}: {kind.meaning}: {count:,}" if language else f"{kind.meaning}: {count:,}"
        )
        console.print(f"{severity.value}: {head}", style=_COLOURS[severity], markup=False)
        kept = findings.kept.get(kind, [])[:shown]
        for finding in kept:
            places = ", ".join(finding.where)
            line = f"  {places}: {finding.message}" if places else f"  {finding.message}"
            console.print(line, markup=False, soft_wrap=True)
        if count > len(kept):
            console.print(f"  and {count - len(kept):,} more (--show NUMBER, --json)")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
