from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from korean import MODEL, cut_in_half, korean_options, link_model, write_artefact

from ivr.errors import ModelUnusableError
from ivr.models.recogniser_engine import find_engine
from ivr.models.recogniser_pool import ProcessPool


async def refused(artefact: Path, model: Path | None) -> str:
    """Why a pool does not start."""
    pool = ProcessPool(options=korean_options(artefact, acoustic_model_folder=model))
    with pytest.raises(ModelUnusableError) as caught:
        await pool.start()
    await pool.close()
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("graph/Gr.fst", "ERROR"),
        ("graph/HCLr.fst", "signal SIGSEGV"),
        ("am/final.mdl", "Failed to read"),
        ("ivector/final.ie", "Failed to read"),
    ],
)
async def test_a_truncated_file_is_told_with_what_to_do(
    korean_artefact: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], file: str, reason: str
) -> None:
    model = link_model(tmp_path / "model")
    cut_in_half(model / file)
    said = await refused(korean_artefact, model)
    assert str(model) in said
    assert reason in said
    assert "sternik speech fetch" in said
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "file", ["graph/Gr.fst", "graph/HCLr.fst", "conf/mfcc.conf", "conf/model.conf"]
)
async def test_a_missing_file_is_named(korean_artefact: Path, tmp_path: Path, file: str) -> None:
    model = link_model(tmp_path / "model")
    (model / file).unlink()
    said = await refused(korean_artefact, model)
    assert f"{file} cannot be read (No such file" in said
    assert "sternik speech fetch" in said


def empty(folder: Path) -> Path | None:
    folder.mkdir()
    return folder


def a_file(folder: Path) -> Path | None:
    folder.write_text("not a folder")
    return folder


@pytest.mark.parametrize("make", [empty, a_file, lambda folder: folder])
async def test_a_folder_that_is_no_model_is_told(
    korean_artefact: Path, tmp_path: Path, make: Callable[[Path], Path | None]
) -> None:
    said = await refused(korean_artefact, make(tmp_path / "model"))
    assert "is no folder of a Vosk model" in said
    assert "am, conf and graph" in said


async def test_no_model_at_all_is_told(korean_artefact: Path) -> None:
    assert "sternik speech fetch" in await refused(korean_artefact, None)


async def test_a_model_of_another_language_is_told_with_the_share_of_known_words(
    tmp_path: Path,
) -> None:
    english = write_artefact(tmp_path / "en", phrases=("i lost my card", "block it please"))
    said = await refused(english, MODEL)
    assert "knows 0 of the 7 words" in said
    assert "another language" in said


async def test_an_artefact_without_phrases_is_told(tmp_path: Path) -> None:
    artefact = write_artefact(tmp_path / "ko")
    (artefact / "open_question.txt").unlink()
    assert "open_question.txt cannot be read" in await refused(artefact, MODEL)


def test_a_model_without_a_dynamic_graph_listens_free_form_and_says_so(
    korean_artefact: Path, tmp_path: Path
) -> None:
    model = link_model(tmp_path / "model")
    (model / "graph" / "Gr.fst").unlink()
    (model / "graph" / "HCLr.fst").rename(model / "graph" / "HCLG.fst")
    options = korean_options(korean_artefact, acoustic_model_folder=model)
    engine = find_engine("vosk")
    assert "no dynamic graph" in engine.describe(options).language_model
    dynamic = korean_options(korean_artefact)
    assert engine.describe(dynamic).language_model == "ko-test"
    many, few = (engine.plan(o, 2).sessions_per_process for o in (dynamic, options))
    assert many > few
