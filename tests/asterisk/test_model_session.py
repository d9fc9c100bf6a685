"""The session of the data scientists' guide: corpus, check, training, report, promotion, roll-back.

Every step is the command that the guide names; between them a caller rings the running server.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sternik.asterisk.programs import AsteriskPrograms
from sternik.rehearsal.hotline import Rehearsal
from sternik.settings import load_settings
from sternik.softphone import Softphone
from tests.asterisk.callers import ring, speech_of
from tests.asterisk.conftest import hotline_in
from tests.asterisk.models import heard_by, registry_of, steered, sternik_command, until_logged

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

CARD_STOLEN = "someone stole my card please block it"
INTENTS = ("card_lost_or_stolen", "pin", "mortgage", "balance", "consultant", "out_of_scope")
FEW, MORE, HELD_OUT = 40, 60, 12


def copy_sentences(source: Path, destination: Path, each: int) -> None:
    """So many sentences of each of a few intents."""
    taken: dict[str, int] = defaultdict(int)
    with source.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = []
        for row in reader:
            if row["intent"] in INTENTS and taken[row["intent"]] < each:
                taken[row["intent"]] += 1
                rows.append(row)
    assert set(taken.values()) == {each}
    destination.parent.mkdir(parents=True, exist_ok=True)
    with destination.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(rows)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hotline(
    programs: AsteriskPrograms, prepared: None, short_folder: Path
) -> AsyncIterator[Rehearsal]:
    """A hotline with a small corpus and models of its own."""
    shipped = load_settings().corpus_folder
    corpus = short_folder / "session-corpus"
    copy_sentences(shipped / "en.csv", corpus / "en.csv", FEW)
    copy_sentences(shipped / "held_out" / "en.csv", corpus / "held_out" / "en.csv", HELD_OUT)
    for name in ("en.dict", "en.grammars.yaml"):
        shutil.copy(shipped / name, corpus / name)
    overrides = {"corpus_folder": corpus, "models_folder": short_folder / "session-models"}
    settings = load_settings(**overrides)
    # The server needs a model to start with: the first one is trained before, by the same command.
    await _first_model(settings.corpus_folder, settings.models_folder)
    async with hotline_in(short_folder / "session", programs, overrides=overrides) as hotline:
        yield hotline


async def _first_model(corpus: Path, models: Path) -> None:
    code, said = await sternik_command(
        load_settings(corpus_folder=corpus, models_folder=models), "train"
    )
    assert code == 0, said
    assert "is in service" in said


async def the_next_call_is_heard_by(version: str, hotline: Rehearsal) -> None:
    speech = await speech_of(CARD_STOLEN, hotline)
    async with Softphone() as phone:
        caller = await ring(phone, hotline)
        await caller.hear_prompt_begin()
        assert await heard_by(await steered(caller, speech), hotline) == {version}


async def test_from_a_corpus_to_a_report_a_promotion_and_back(
    hotline: Rehearsal, short_folder: Path
) -> None:
    first = registry_of(hotline).current
    await the_next_call_is_heard_by(first, hotline)

    corpus = hotline.settings.corpus_folder
    shipped = load_settings().corpus_folder
    copy_sentences(shipped / "en.csv", corpus / "en.csv", MORE)
    code, said = await sternik_command(hotline.settings, "corpus", "check")
    assert code == 0, said

    code, said = await sternik_command(hotline.settings, "train")
    assert code == 0, said
    assert f"{first} stays in service" in said
    (second,) = {path.name for path in (hotline.settings.models_folder / "en").iterdir()} - {
        first,
        "current",
        "history.jsonl",
    }

    report = short_folder / "session-report"
    code, said = await sternik_command(
        hotline.settings, "evaluate", "--model", second, "--out", str(report)
    )
    assert code == 0, said
    figures = json.loads((report / "report.json").read_text("utf-8"))
    assert figures["sets"][0]["accuracy"]["value"] > 0.5
    assert first in json.dumps(figures["comparisons"])
    assert "<svg" in (report / "report.html").read_text("utf-8")

    code, said = await sternik_command(
        hotline.settings, "model", "promote", second, "--reason", "more sentences"
    )
    assert code == 0, said
    await until_logged(hotline, "model.in_service", second)
    await the_next_call_is_heard_by(second, hotline)

    code, said = await sternik_command(hotline.settings, "model", "rollback")
    assert code == 0, said
    await until_logged(hotline, "model.in_service", f"instead_of={second}")
    await the_next_call_is_heard_by(first, hotline)
