"""An evaluation on the terminal: progress while it runs, a few lines when it is done."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from training.intervals import Interval
    from training.measures import SetFigures
    from training.model_report import ModelReport
    from training.progress import Progress as Told

_STYLES = {"better": "green", "worse": "red", "can't tell": "yellow"}
_WEAK_SHOWN = 3


@contextmanager
def progress_bar(console: Console) -> Iterator[Told]:
    """A bar that shows what it is told."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading", total=1.0)

        def tell(step: str, done_share: float, /) -> None:
            bar.update(task, description=step, completed=done_share)

        yield tell


def print_summary(report: ModelReport, page: Path, console: Console) -> None:
    """The main figures, the verdict, what is weak, and where the report lies."""
    table = Table(title=f"Model {report.model.version}", title_justify="left")
    for heading in ("set", "sentences", "accuracy (95 %)", "macro-F1 (95 %)", "cost", "keywords"):
        table.add_column(heading, justify="left" if heading == "set" else "right")
    for one in report.sets:
        table.add_row(*_row(one))
    console.print(table)
    for comparison in report.comparisons:
        style = _STYLES[comparison.verdict]
        console.print(f"[{style}]{comparison.verdict}[/] against {comparison.old}:", end=" ")
        console.print(f"{comparison.on}: {comparison.words}", markup=False, soft_wrap=True)
    weakest = sorted(report.sets[0].intents, key=lambda intent: intent.f1)[:_WEAK_SHOWN]
    weak = ", ".join(f"{one.intent} (F1 {100 * one.f1:.0f})" for one in weakest)
    console.print(f"weakest: {weak}", markup=False, soft_wrap=True)
    for remark in report.remarks:
        console.print(f"note: {remark}", style="yellow", markup=False, soft_wrap=True)
    console.print(f"report: {page}", markup=False, soft_wrap=True)


def _row(one: SetFigures) -> tuple[str, ...]:
    handling = one.in_force or one.chosen
    return (
        one.name,
        f"{one.count:,}",
        _shown(one.accuracy),
        _shown(one.macro_f1),
        "" if handling is None else f"{handling.cost:.2f}",
        "" if one.keyword_accuracy is None else f"{100 * one.keyword_accuracy:.1f}",
    )


def _shown(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
