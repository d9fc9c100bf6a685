"""What `sternik confusions` shows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from training.confusions import Confusions
    from training.progress import Progress as Report

_SPEED_SECONDS = 120


@contextmanager
def learning_bar(console: Console) -> Iterator[Report]:
    """A bar with the time left; an interrupt says that nothing is lost."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, speed_estimate_period=_SPEED_SECONDS) as bar:
            task = bar.add_task("reading the corpus", total=1.0)
            yield lambda step, share: bar.update(task, description=step, completed=share)
    except KeyboardInterrupt:
        console.print("Interrupted. What was heard is kept: the same command goes on from here.")
        raise


def print_learnt(found: Confusions, path: Path, console: Console) -> None:
    """Word error rates by condition, and where the counts are."""
    table = Table("line", "word error rate")
    for name, rate in (*found.error_rates.items(), ("all", found.word_error_rate)):
        table.add_row(name, f"{rate:.1%}")
    console.print(table)
    console.print(
        f"{found.sentences} sentences, {found.words} words by {found.engine}: {path} has "
        f"{len(found.counts)} rows",
        soft_wrap=True,
    )
