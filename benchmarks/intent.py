"""Intents: how good the trainer is on BANKING77's official split, kinds of models side by side.

    python -m benchmarks intent [--quick] [--embeddings] [--spoken]

Everything is chosen on the training part. Full data, ten shots, 20 % simulated errors, out of scope near
and far, times of one classification, loading and training, and what training costs as a corpus grows.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import intent_report, measuring_data
from benchmarks.banking77 import LANGUAGE
from benchmarks.intent_growth import Cost, training_cost
from benchmarks.intent_material import Material, read_material, utterances
from benchmarks.intent_spoken import HEARD, SpokenFigures, spoken_figures
from benchmarks.intent_trials import Amount, KindFigures, known_sentences, measure_kind
from benchmarks.machine import describe_machine
from training.intent_trainer import TrainerSettings, train_intent_model
from training.progress import Progress as ShowStep
from training.sentence_vectors import SentenceVectors, embed_texts

RESULTS = Path("var/benchmarks")
WHOLE = Amount(draws=5, settings=TrainerSettings())
QUICK = Amount(draws=1, settings=TrainerSettings(folds=2, penalties=(0.3,)))
ROWS = (10_003, 100_000, 1_000_000)
NEEDED = (measuring_data.BANKING77_TRAIN, measuring_data.BANKING77_TEST, measuring_data.SMART_HOME)


def main(
    *,
    quick: Annotated[
        bool, typer.Option(help="One draw, one penalty, 10,003 rows only: a rough look.")
    ] = False,
    embeddings: Annotated[
        bool, typer.Option(help="Also with sentence embeddings (sternik[embeddings]).")
    ] = False,
    spoken: Annotated[
        bool, typer.Option(help="Only what `benchmarks hearing` heard, against the text of it.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where results are kept.")] = RESULTS,
) -> None:
    """Train, ask, print the tables, write JSON and a picture."""
    console = Console(width=130, highlight=False)
    console.print(f"Intents on {describe_machine()}")
    data = measuring_data.data_folder()
    for remark in measuring_data.remarks(data, NEEDED):
        console.print(remark, style="yellow", soft_wrap=True)
    try:
        material = read_material(data)
    except FileNotFoundError as error:
        raise typer.BadParameter(str(error)) from error
    folder.mkdir(parents=True, exist_ok=True)
    amount = QUICK if quick else WHOLE
    name = f"intent{'-spoken' if spoken else ''}{'-quick' if quick else ''}"
    if spoken:
        heard = _spoken(material, amount, folder, embeddings=embeddings)
        console.print(intent_report.spoken_table(heard))
        _save(folder / f"{name}.json", spoken=[asdict(one) for one in heard])
        return
    kinds = _kinds(material, amount, embeddings=embeddings)
    console.print(intent_report.table(kinds))
    costs = _costs(data, amount.settings, ROWS[:1] if quick else ROWS, console)
    console.print(intent_report.growth_table(costs))
    _save(
        folder / f"{name}.json",
        kinds=[asdict(one) for one in kinds],
        growth=[asdict(one) for one in costs],
        settings=asdict(amount.settings),
    )
    intent_report.draw(kinds, costs, folder / f"{name}.svg")
    console.print(f"All figures are in {folder / name}.json, a picture in {folder / name}.svg")


def _kinds(material: Material, amount: Amount, *, embeddings: bool) -> list[KindFigures]:
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with bar:
        task = bar.add_task("n-grams", total=1.0)

        def show(step: str, share: float) -> None:
            bar.update(task, description=step, completed=share)

        kinds = [measure_kind("n-grams", material, amount, None, show)]
        if embeddings:
            known = _known(material, show)
            chosen = replace(amount, settings=replace(amount.settings, embeddings=True))
            kinds.append(measure_kind("n-grams + embeddings", material, chosen, known, show))
    return kinds


def _known(material: Material, show: ShowStep) -> SentenceVectors:
    return embed_texts(known_sentences(material), os.cpu_count() or 1, show)


def _spoken(
    material: Material, amount: Amount, folder: Path, *, embeddings: bool
) -> list[SpokenFigures]:
    if not (folder / HEARD).exists():
        raise typer.BadParameter(
            f"{folder / HEARD} is missing: run `python -m benchmarks hearing` first"
        )
    found = []
    for kind in ("n-grams", "n-grams + embeddings")[: 2 if embeddings else 1]:
        settings = replace(amount.settings, embeddings="embeddings" in kind)
        model = train_intent_model(utterances(material.train), LANGUAGE, settings=settings)
        found += spoken_figures(kind, model.parameters, folder)
    return found


def _costs(
    data: Path, settings: TrainerSettings, sizes: Sequence[int], console: Console
) -> list[Cost]:
    costs = []
    for rows in sizes:
        console.print(f"training on {rows:,} rows")
        costs.append(training_cost(data, rows, settings))
    return costs


def _save(path: Path, **document: object) -> None:
    path.write_text(
        json.dumps({"machine": describe_machine(), **document}, indent=1) + "\n", "utf-8"
    )
