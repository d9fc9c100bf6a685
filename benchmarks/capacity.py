"""How many talking callers one machine holds in real time, through the real Asterisk, by engine.

Each caller talks over the greeting at once and goes on for 12 s, hears the reaction and rings again
(`benchmarks.talkers`). Their number rises until real time is lost: a caller is shed (Sternik does so by
itself when words come more than a second late), over 5 % are not understood, or the 95th percentile of
the reaction has doubled against four callers.

Beside it, in the same run on the same machine, the engine alone decodes the same speech
(`benchmarks.bare_engine`) in as many processes as Sternik's recognisers were given. The bare engine has
all cores to itself; Sternik shares them with Asterisk and with the callers, who make the load. So two
ratios are told: raw, and against what the bare engine would do in the cores that those two left.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.bare_engine import BareEngine, measure_bare
from benchmarks.capacity_report import (
    EngineCapacity,
    Level,
    MemoryOverCalls,
    draw,
    level_table,
    summary_lines,
)
from benchmarks.capacity_sites import Site, site_of
from benchmarks.machine import describe_machine
from benchmarks.processes import STERNIK, CpuMeter, memory_mib
from benchmarks.talkers import running_speech, talk_for
from sternik.asterisk.programs import find_asterisk
from sternik.rehearsal.hotline import Rehearsal, private_settings

RESULTS = Path("var/benchmarks")
ALONE = 4
MEMORY_CALLERS = 20
MEMORY_CALLS = 200
MEMORY_SPEECH_SECONDS = 3.0
STEP = 0.1
_UNLIMITED = 200
_STREAMS_EACH = 10

console = Console(width=130, highlight=False)


def main(
    engine: Annotated[
        list[str] | None, typer.Option(help="pocketsphinx, vosk; default both")
    ] = None,
    *,
    quick: Annotated[bool, typer.Option(help="shorter, and less certain")] = False,
    results: Annotated[Path, typer.Option(help="folder of JSON and picture")] = RESULTS,
) -> None:
    """Let more and more callers talk until real time is lost; print, store and draw the figures."""
    console.print(f"Capacity on {describe_machine()}")
    capacities = []
    for name in engine or ["pocketsphinx", "vosk"]:
        with tempfile.TemporaryDirectory(prefix="sternik-", dir="/tmp") as folder:
            capacity = asyncio.run(_measure(site_of(name, Path(folder)), Path(folder), quick=quick))
        capacities.append(capacity)
        console.print(level_table(capacity))
        for line in summary_lines(capacity):
            console.print(line)
    results.mkdir(parents=True, exist_ok=True)
    _save(capacities, results / "capacity.json")
    draw(capacities, results / "capacity.png")
    console.print(
        f"Every figure is in {results}/capacity.json, a picture in {results}/capacity.png"
    )


async def _measure(site: Site, folder: Path, *, quick: bool) -> EngineCapacity:
    bare = await _bare(site, folder, seconds=5 if quick else 15)
    levels = await _climb(site, folder, bare, seconds=14 if quick else 28)
    memory = await _memory(site, folder, calls=60 if quick else MEMORY_CALLS)
    return EngineCapacity(
        engine=site.engine,
        language=site.language,
        cores=os.cpu_count() or 1,
        bare=bare,
        levels=tuple(levels),
        memory=memory,
    )


async def _bare(site: Site, folder: Path, *, seconds: float) -> BareEngine:
    speech = folder / "speech.raw"
    speech.write_bytes(b"".join(site.speeches))
    console.print(f"{site.engine}: the bare engine decodes for {seconds:.0f} s …")
    processes = site.processes
    streams = _STREAMS_EACH * (os.cpu_count() or 1) // processes
    return await measure_bare(
        site.options, speech, processes=processes, streams_each=streams, seconds=seconds
    )


async def _climb(site: Site, folder: Path, bare: BareEngine, *, seconds: float) -> list[Level]:
    """More callers step by step, on one hotline that sheds nobody for their number alone."""
    overrides = {**site.settings, "sessions_per_process": _UNLIMITED}
    async with _hotline(folder / "climb", overrides) as hotline:
        levels: list[Level] = []
        for callers in _numbers_of_callers(bare):
            level = await _hold(hotline, site, callers, seconds=seconds)
            levels.append(level)
            loss = level.loss(levels[0])
            console.print(
                f"  {callers} callers, {level.held.talking:.1f} talking: "
                + (loss or f"reaction p95 {level.reaction_ms(95):.0f} ms")
            )
            if loss:
                break
        return levels


def _numbers_of_callers(bare: BareEngine) -> Iterator[int]:
    """Four, nearly alone; then from three tenths of the bare engine upwards, a twentieth at the end."""
    yield ALONE
    last, share = ALONE, 0.3
    while share < 1.5:
        callers = round(share * bare.streams)
        if callers > last:
            yield callers
            last = callers
        share += STEP if share < 0.65 else STEP / 2


async def _hold(hotline: Rehearsal, site: Site, callers: int, *, seconds: float) -> Level:
    warm = asyncio.Event()
    talking = asyncio.create_task(
        talk_for(hotline, site.speeches, callers=callers, seconds=seconds, on_warm=warm)
    )
    await warm.wait()
    meter = CpuMeter(hotline)
    await asyncio.sleep(seconds - 1)
    cpu, memory = meter.read(), await memory_mib(hotline)
    return Level(held=await talking, cpu=cpu, memory_mib=memory)


async def _memory(site: Site, folder: Path, *, calls: int) -> MemoryOverCalls:
    """Twenty callers at once in short calls, as shipped; memory each time twenty more have rung."""
    speeches = [running_speech([speech], MEMORY_SPEECH_SECONDS) for speech in site.speeches]
    placed: list[int] = []
    measured: list[float] = []
    console.print(f"  memory over {calls} calls, {MEMORY_CALLERS} at once …")
    async with _hotline(folder / "memory", site.settings) as hotline:
        while not placed or placed[-1] < calls:
            warm = asyncio.Event()
            talking = asyncio.create_task(
                talk_for(hotline, speeches, callers=MEMORY_CALLERS, seconds=1.5, on_warm=warm)
            )
            await warm.wait()
            parts = await memory_mib(hotline)
            held = await talking
            placed.append((placed[-1] if placed else 0) + MEMORY_CALLERS + len(held.turns))
            measured.append(sum(parts[part] for part in STERNIK))
    return MemoryOverCalls(calls=tuple(placed), sternik_mib=tuple(measured), parts_mib=parts)


def _hotline(folder: Path, overrides: dict[str, object]) -> Rehearsal:
    programs = find_asterisk()
    if programs is None:
        raise typer.BadParameter("no Asterisk: run `make setup` first")
    folder.mkdir()
    settings = private_settings(folder, **overrides)
    return Rehearsal(
        settings=settings, folder=folder, programs=programs, agents=12, ring_seconds=0.2
    )


def _save(capacities: list[EngineCapacity], destination: Path) -> None:
    engines = [
        {
            **asdict(capacity),
            "raw_ratio": capacity.raw_ratio,
            "fair_ratio": capacity.fair_ratio,
            "talking_held": capacity.best.held.talking,
        }
        for capacity in capacities
    ]
    document = {"machine": describe_machine(), "engines": engines}
    destination.write_text(json.dumps(document, indent=1), "utf-8")
