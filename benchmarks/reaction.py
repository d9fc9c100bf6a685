"""Reaction: from the last sample of the caller's speech to the first sample of the next prompt.

Measured where the caller is: a SIP softphone rings a real Asterisk, waits for the question's end, says a
sentence, and looks at what arrives. The speech is cut off at its last sample above -45 dBFS; its end is
the moment the packet with that sample is sent (0-20 ms of packet fill lie before it). The reaction ends
when the first packet above -45 dBFS arrives. A run in which the softphone's own clock was late by more
than 40 ms during the reaction is discarded and counted.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import describe_machine
from ivr.ports import EventKind
from ivr.store.records import StoredEvent
from sternik.asterisk.programs import find_asterisk
from sternik.rehearsal.hotline import NUMBER, Rehearsal, private_settings
from sternik.softphone import Softphone
from sternik.voices.callers import CallerVoice, speak_as_caller
from sternik.voices.prompts import prompts_voice

mpl.use("Agg")
import matplotlib.pyplot as plt

SENTENCES = Path("tests/asterisk/spoken/development.csv")
RESULTS = Path("var/benchmarks")
THRESHOLD_DBFS = -45.0
MAX_LATENESS_MS = 40.0
_numbers = itertools.cycle(range(100, 1000))
AT_ONCE = (1, 5)
_MS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """One call's figures in ms. `endpoint_ms` is the silence that the endpointer waited for."""

    text: str
    voice: str
    at_once: int
    reaction_ms: float
    endpoint_ms: float
    reason: str
    next_step: str
    clock_late_ms: float


def main(
    sentences: Annotated[Path, typer.Argument(exists=True, dir_okay=False)] = SENTENCES,
    calls: Annotated[int, typer.Option(help="calls for each number of callers at once")] = 56,
) -> None:
    """Place calls one at a time and five at once, and print the reaction's percentiles."""
    console = Console(width=110, highlight=False)
    console.print(f"Reaction on {describe_machine()}")
    measured = asyncio.run(measure(_rows(sentences, calls)))
    kept = [one for one in measured if one.clock_late_ms <= MAX_LATENESS_MS]
    console.print(f"{len(measured)} calls, {len(measured) - len(kept)} discarded for a late clock")
    console.print(table(kept))
    RESULTS.mkdir(parents=True, exist_ok=True)
    _save(measured)
    draw(kept, RESULTS / "reaction.png")
    console.print(f"Every call is in {RESULTS}/reaction.json, a picture in {RESULTS}/reaction.png")


def _rows(path: Path, calls: int) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [rows[number % len(rows)] for number in range(calls)]


async def measure(rows: Sequence[dict[str, str]]) -> list[Reaction]:
    """All rows one at a time, then all again several at once, on one hotline.

    A call in which no utterance was heard is left out, and said.
    """
    programs = find_asterisk()
    if programs is None:
        raise typer.BadParameter("no Asterisk: run `make setup` first")
    with tempfile.TemporaryDirectory(prefix="sternik-") as name:
        folder = Path(name)
        settings = private_settings(folder)
        async with Rehearsal(
            settings=settings, folder=folder, programs=programs, agents=12, ring_seconds=0.2
        ) as hotline:
            measured: list[Reaction] = []
            for at_once in AT_ONCE:
                groups = [rows[first : first + at_once] for first in range(0, len(rows), at_once)]
                for group in track(groups, f"{at_once} at once"):
                    calls = [_one_call(hotline, row, at_once) for row in group]
                    for row, one in zip(group, await asyncio.gather(*calls), strict=True):
                        if one is None:
                            print(f"not heard as an utterance: {row['text']!r} by {row['voice']}")
                        else:
                            measured.append(one)
            return measured


async def _one_call(hotline: Rehearsal, row: dict[str, str], at_once: int) -> Reaction | None:
    prompts = prompts_voice(hotline.settings.prompts_folder / "en")
    speech = await asyncio.to_thread(
        speak_as_caller, row["text"], voice=CallerVoice(row["voice"]), prompts_voice=prompts
    )
    position = await hotline.store.event_log.last_position()
    async with Softphone() as phone:
        number = f"+48600111{next(_numbers):03d}"
        call = await phone.call(
            NUMBER,
            to_host=hotline.settings.sip_host,
            to_port=hotline.settings.sip_port,
            caller_number=number,
        )
        greeted = await call.received.wait_for_sound(0.0, 15.0)
        await call.received.wait_for_silence(600, 15.0, after_seconds=greeted)
        ended = await call.play(_without_silent_end(speech)).finished
        sound = await call.received.wait_for_sound(
            ended, 15.0, threshold_dbfs=THRESHOLD_DBFS, min_ms=40
        )
        late = phone.lateness(since_seconds=ended, until_seconds=sound).max_ms
        try:
            utterance, decision = await _utterance(hotline, position, number)
        except TimeoutError:
            return None
        finally:
            await call.hang_up()
    return Reaction(
        text=row["text"],
        voice=row["voice"],
        at_once=at_once,
        reaction_ms=(sound - ended) * _MS,
        endpoint_ms=float(str(utterance.data["silence_ms"])),
        reason=str(utterance.data["reason"]),
        next_step=str(decision.data["queue"] or decision.data["kind"]),
        clock_late_ms=late,
    )


async def _utterance(
    hotline: Rehearsal, position: int, number: str
) -> tuple[StoredEvent, StoredEvent]:
    """The call's first utterance and the decision made on it."""
    interaction, utterance = None, None
    async with asyncio.timeout(10):
        async for event in hotline.store.event_log.follow(position):
            if event.kind == EventKind.CALL_STARTED and str(
                event.data["pii_caller_number"]
            ).endswith(number[-3:]):
                interaction = event.interaction_id
            if event.interaction_id != interaction:
                continue
            if event.kind == EventKind.UTTERANCE_ENDED:
                utterance = event
            if event.kind == EventKind.DECISION_MADE and utterance is not None:
                return utterance, event
    raise AssertionError("the event log ended")


def _without_silent_end(speech: bytes) -> bytes:
    """The speech up to its last sample above the threshold."""
    samples = np.frombuffer(speech, dtype="<i2")
    loud = np.flatnonzero(np.abs(samples) > 32768 * 10 ** (THRESHOLD_DBFS / 20))
    return samples[: loud[-1] + 1].tobytes()


def table(measured: Sequence[Reaction]) -> Table:
    """Percentiles by callers at once and by how sure the classifier was."""
    result = Table(title="Reaction in ms: last sample of speech to first sample of the next prompt")
    for column in ("callers at once", "endpoint", "calls", "p50", "p95", "max", "silence", "rest"):
        result.add_column(column, justify="right")
    for at_once in AT_ONCE:
        group = [one for one in measured if one.at_once == at_once]
        result.add_section()
        result.add_row(str(at_once), "all", *_figures(group))
        for reason in sorted({one.reason for one in group}):
            result.add_row("", reason, *_figures([one for one in group if one.reason == reason]))
    return result


def _figures(group: Sequence[Reaction]) -> tuple[str, ...]:
    """`silence` is what the endpointer waited for (median), `rest` all else: detector, words, clock."""
    if not group:
        return ("0",)
    times = np.array([one.reaction_ms for one in group])
    silence = np.array([one.endpoint_ms for one in group])
    return (
        str(len(group)),
        *(f"{np.percentile(times, percent):.0f}" for percent in (50, 95)),
        f"{times.max():.0f}",
        f"{np.median(silence):.0f}",
        f"{np.median(times - silence):.0f}",
    )


def draw(measured: Sequence[Reaction], destination: Path) -> None:
    """The distribution, one curve for each number of callers at once."""
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for at_once in AT_ONCE:
        times = np.sort([one.reaction_ms for one in measured if one.at_once == at_once])
        share = np.arange(1, len(times) + 1) / len(times)
        axes.step(times, 100 * share, where="post", label=f"{at_once} at once (n = {len(times)})")
    axes.axvline(500, color="grey", linestyle="--", label="goal for the median")
    axes.set(
        xlabel="reaction, ms", ylabel="calls answered within, %", xlim=(0, None), ylim=(0, 100)
    )
    axes.set_title("From the caller's last sample to the next prompt's first")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(destination, dpi=120)
    plt.close(figure)


def _save(measured: Sequence[Reaction]) -> None:
    document = {"machine": describe_machine(), "calls": [asdict(one) for one in measured]}
    (RESULTS / "reaction.json").write_text(json.dumps(document, indent=1), "utf-8")
