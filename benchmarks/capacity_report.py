"""The capacity benchmark's figures, as a table, a document and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from rich.table import Table

from benchmarks.bare_engine import BareEngine
from benchmarks.processes import STERNIK, Part
from benchmarks.talkers import HeldLevel

mpl.use("Agg")
import matplotlib.pyplot as plt

FEW_SHARE = 0.05
REACTION_FACTOR = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A number of talking callers, what became of them, and what it took (shares of a core; MiB)."""

    held: HeldLevel
    cpu: Mapping[Part, float]
    memory_mib: Mapping[Part, float]

    def reaction_ms(self, percent: float) -> float:
        """A percentile of the reaction, where one came; 0 where none did."""
        times = [turn.reaction_ms for turn in self.held.turns if turn.reaction_ms is not None]
        return float(np.percentile(times, percent)) if times else 0.0

    @property
    def unanswered(self) -> int:
        """Calls in which no prompt followed the speech, or which failed."""
        return sum(turn.reaction_ms is None for turn in self.held.turns)

    def loss(self, alone: Level) -> str:
        """Why this is no real time any more, against callers who are nearly alone; '' when it is."""
        if self.held.shed:
            return f"{self.held.shed} calls shed"
        few = max(1.0, FEW_SHARE * len(self.held.turns))
        if self.held.unheard > few:
            return f"{self.held.unheard} calls not understood"
        if self.unanswered > few:
            return f"{self.unanswered} calls not answered"
        if self.reaction_ms(95) > REACTION_FACTOR * alone.reaction_ms(95):
            return "reaction p95 doubled"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOverCalls:
    """Sternik's memory in MiB with 20 calls on the line, after so many calls each."""

    calls: tuple[int, ...]
    sternik_mib: tuple[float, ...]
    parts_mib: Mapping[Part, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCapacity:
    """All that was measured of one engine; `levels` begin with the callers who are nearly alone."""

    engine: str
    language: str
    cores: int
    bare: BareEngine
    levels: tuple[Level, ...]
    memory: MemoryOverCalls

    @property
    def best(self) -> Level:
        """The highest level in real time."""
        alone = self.levels[0]
        held = [level for level in self.levels if not level.loss(alone)]
        return max(held, key=lambda level: level.held.talking, default=alone)

    @property
    def raw_ratio(self) -> float:
        """Talking callers held, to the streams that the bare engine decodes on the same cores."""
        return self.best.held.talking / self.bare.streams

    @property
    def fair_ratio(self) -> float:
        """The same, without the processor time that the callers and Asterisk took of the machine.

        The bare engine had all cores; beside them it would have had what they left.
        """
        taken = self.best.cpu[Part.CALLERS] + self.best.cpu[Part.ASTERISK]
        return self.raw_ratio / max(1 - taken / self.cores, 1e-9)


def level_table(capacity: EngineCapacity) -> Table:
    """Every level: how fast Sternik answered, and who took how much of a core."""
    table = Table(
        title=f"{capacity.engine}: talking callers in real time, processor in % of one core"
    )
    for column in ("callers", "talking", "turns", "p50 ms", "p95 ms", *_SHORT.values()):
        table.add_column(column, justify="right")
    table.add_column("real time", justify="left")
    for level in capacity.levels:
        table.add_row(
            str(level.held.callers),
            f"{level.held.talking:.1f}",
            str(len(level.held.turns)),
            f"{level.reaction_ms(50):.0f}",
            f"{level.reaction_ms(95):.0f}",
            *(f"{100 * level.cpu[part]:.0f}" for part in _SHORT),
            level.loss(capacity.levels[0]) or "yes",
        )
    return table


_SHORT = {
    Part.WORKER: "worker",
    Part.RECOGNISERS: "recog.",
    Part.ASTERISK: "Asterisk",
    Part.CALLERS: "callers",
}


def summary_lines(capacity: EngineCapacity) -> list[str]:
    """The verdict in a few lines."""
    bare, best, memory = capacity.bare, capacity.best, capacity.memory
    taken = best.cpu[Part.CALLERS] + best.cpu[Part.ASTERISK]
    parts = ", ".join(f"{part} {memory.parts_mib[part]:.0f}" for part in STERNIK)
    raw, fair = 100 * capacity.raw_ratio, 100 * capacity.fair_ratio
    engine = (
        f"bare engine: {bare.streams:.1f} streams in real time, {bare.processes} process(es) with "
        f"{bare.streams_each} streams, {100 * bare.core_share:.1f} % of a core each"
    )
    sternik = (
        f"Sternik: {best.held.talking:.1f} talk at once ({best.held.callers} callers): {raw:.0f} % of "
        f"the bare engine, and {fair:.0f} % of what it would do in the {capacity.cores - taken:.2f} of "
        f"{capacity.cores} cores that callers and Asterisk left"
    )
    held = (
        f"memory (PSS) with 20 callers: {memory.sternik_mib[0]:.0f} MiB after {memory.calls[0]} calls, "
        f"{memory.sternik_mib[-1]:.0f} MiB after {memory.calls[-1]} ({parts})"
    )
    return [engine, sternik, held]


def draw(capacities: Sequence[EngineCapacity], destination: Path) -> None:
    """Reaction and processor time over talking callers, a row for each engine."""
    figure, rows = plt.subplots(
        len(capacities), 2, figsize=(11, 4 * len(capacities)), layout="constrained", squeeze=False
    )
    for (reaction, cpu), capacity in zip(rows, capacities, strict=True):
        _draw_reaction(reaction, capacity)
        _draw_cpu(cpu, capacity)
    figure.savefig(destination, dpi=120)
    plt.close(figure)


def _draw_reaction(axes: plt.Axes, capacity: EngineCapacity) -> None:
    levels = sorted(capacity.levels, key=lambda level: level.held.talking)
    talking = [level.held.talking for level in levels]
    for percent in (50, 95):
        axes.plot(
            talking, [level.reaction_ms(percent) for level in levels], "o-", label=f"p{percent}"
        )
    lost = [level for level in levels if level.loss(capacity.levels[0])]
    for number, level in enumerate(lost):
        axes.axvline(
            level.held.talking, color="red", alpha=0.3, label="" if number else "not in real time"
        )
    axes.axvline(capacity.bare.streams, color="grey", linestyle="--", label="bare engine")
    axes.set(xlabel="callers who talk at once", ylabel="reaction, ms", ylim=(0, None))
    axes.set_title(capacity.engine)
    axes.grid(alpha=0.3)
    axes.legend()


def _draw_cpu(axes: plt.Axes, capacity: EngineCapacity) -> None:
    levels = sorted(capacity.levels, key=lambda level: level.held.talking)
    talking = [level.held.talking for level in levels]
    shares = [[100 * level.cpu[part] for level in levels] for part in _SHORT]
    axes.stackplot(talking, shares, labels=list(_SHORT.values()), alpha=0.8)
    axes.axhline(100 * capacity.cores, color="grey", linestyle="--", label="all cores")
    axes.set(xlabel="callers who talk at once", ylabel="processor, % of one core")
    axes.set_title("who takes the processor")
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
