"""How the commands of `sternik speech` look in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from sternik.speech.listing import worth_showing

if TYPE_CHECKING:
    from sternik.speech.checkup import Comparison
    from sternik.speech.download import Transfer
    from sternik.speech.listing import Listing
    from sternik.speech.trial import Decoding, TrialResult
    from sternik.speech.vocabulary import VocabularyGap

_SHOWN_WORDS: Final = 20


@contextmanager
def download_bar(console: Console, indent: str = "") -> Iterator[Callable[[Transfer], None]]:
    """A bar with bytes and rate that appears with the first byte."""
    columns = (
        TextColumn(indent + "{task.description}"),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=console)

    def report(transfer: Transfer) -> None:
        if not bar.task_ids:
            # Started without anything to show it would leave an empty line.
            bar.start()
            bar.add_task(transfer.name)
        bar.update(bar.task_ids[0], completed=transfer.received_bytes, total=transfer.total_bytes)

    try:
        yield report
    finally:
        if bar.task_ids:
            bar.stop()


def print_listing(listing: Listing, console: Console, *, everything: bool) -> None:
    """Who listens, what is here, what the site has."""
    for listener in listing.listeners:
        line = listener.choice.line if listener.choice else listener.problem
        console.print(line, markup=False, soft_wrap=True)
    console.print()
    if listing.kept:
        _print_kept(listing, console)
    else:
        console.print("No Vosk model is here.")
    console.print()
    _print_published(listing, console, everything=everything)


def print_checkup(
    found: Comparison, result: TrialResult, console: Console, *, all_words: bool
) -> None:
    """What a check found."""
    model = found.subject.model
    facts = [
        ("engine", "Vosk" if model else "PocketSphinx, with the acoustic model of its package")
    ]
    if model is not None:
        facts += [
            ("model", model.name),
            ("folder", _short(model.path)),
            ("graph", _graph_in_words(takes_grammars=model.takes_grammars)),
            ("sample rate", f"{model.sample_rate_hz / 1000:g} kHz"),
            ("on disk", _megabytes(model.size_bytes)),
        ]
    facts += [
        ("opened in", f"{result.load_seconds:.2f} s"),
        ("memory", f"{_megabytes(result.memory_bytes)} for the process that holds it"),
        ("vocabulary", f"{found.vocabulary:,} words"),
        ("corpus", _gap_in_words(found.gap, all_words=all_words) or found.no_corpus),
    ]
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(name, escape(value))
    console.print(grid)
    for decoding in result.decodings:
        _print_decoding(decoding, console)


def _print_kept(listing: Listing, console: Console) -> None:
    table = Table("language", "model here", "size", "graph", "folder", "listens to", box=box.SIMPLE)
    for kept in listing.kept:
        model = kept.model
        table.add_row(
            kept.language or "?",
            escape(model.name if model else kept.path.name),
            _megabytes(model.size_bytes) if model else "",
            model.graph.value if model else "unusable",
            escape(_short(kept.path)),
            ", ".join(listing.languages_of(kept.path)),
        )
    console.print(table)
    for kept in listing.kept:
        if kept.problem:
            console.print(f"unusable: {kept.problem}", markup=False, style="red", soft_wrap=True)


def _print_published(listing: Listing, console: Console, *, everything: bool) -> None:
    if listing.site_problem:
        console.print(
            f"What could be fetched is not known: {listing.site_problem}.",
            markup=False,
            soft_wrap=True,
        )
        return
    languages = [listener.language for listener in listing.listeners]
    here = {kept.path.name for kept in listing.kept}
    table = Table("language", "to be fetched", "zip file", "kind", box=box.SIMPLE)
    for model in worth_showing(listing.published, languages, everything=everything):
        kind = f"{model.size}{', obsolete' if model.is_obsolete else ''}"
        note = ", here" if model.name in here else ""
        table.add_row(model.language, escape(model.name), _megabytes(model.size_bytes), kind + note)
    console.print(table)
    if not everything:
        console.print("Small models of these languages; `--all` shows everything the site has.")


def _print_decoding(decoding: Decoding, console: Console) -> None:
    console.print(f"\nheard {decoding.search}, in {decoding.seconds:.2f} s:")
    if not decoding.words:
        console.print("  nothing")
    for word in decoding.words:
        sure = "" if word.confidence is None else f"{word.confidence:.2f}"
        console.print(f"  {sure:>4}  {word.word}", markup=False)


def _gap_in_words(gap: VocabularyGap | None, *, all_words: bool) -> str:
    if gap is None:
        return ""
    if not gap.missing:
        return f"all of its {gap.expected:,} words are known"
    shown = gap.missing if all_words else gap.missing[:_SHOWN_WORDS]
    more = len(gap.missing) - len(shown)
    rest = f" and {more:,} more (--all)" if more else ""
    return (
        f"{len(gap.missing):,} of its {gap.expected:,} words ({1 - gap.known_share:.1%}) are not "
        f"known: {', '.join(shown)}{rest}"
    )


def _graph_in_words(*, takes_grammars: bool) -> str:
    if takes_grammars:
        return "dynamic: it can be told what callers say (grammars)"
    return "static: no grammars, free-form only, which costs far more computing"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.0f} MB"


def _short(path: Path) -> str:
    """A path with `~` for the user's home."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
