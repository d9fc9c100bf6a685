"""`sternik evaluate` and the worked script, run as people run them, on small corpora."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr.models.artefact import load_artefact
from tests.unit.trainer.small_corpus import write_small_corpus
from training import api
from training.intent_trainer import TrainerSettings

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "docs" / "examples" / "train_and_compare.py"
QUICK = TrainerSettings(folds=2, penalties=(30.0,), garbled_copies=0)
HEADER = "text,intent,language,source,session,speaker\n"
TEST = (
    "the pin does not work,pin,en,written,two,x1\n"
    "how do i get a pin,pin,en,written,two,x2\n"
    "lend us money for a house,mortgage,en,written,two,x1\n"
    "is it raining,out_of_scope,en,written,two,x2\n"
    "my pin is blocked,pin,en,written,two,x2\n"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models; the later one is in service."""
    folder = tmp_path_factory.mktemp("evaluation")
    corpus = write_small_corpus(folder)
    api.train([corpus], "en", models_folder=folder / "models", settings=QUICK)
    corpus.write_text(corpus.read_text() + "a pin for me,pin,en,written,one,s1\n")
    api.train([corpus], "en", models_folder=folder / "models", settings=QUICK)
    return folder / "models"


def versions(models: Path) -> tuple[str, str]:
    """The one that is not in service, and the one that is."""
    current = load_artefact(models, "en").version
    (other,) = (path.name for path in (models / "en").glob("en-*") if path.name != current)
    return other, current


def sternik(models: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "STERNIK_MODELS_FOLDER": str(models), "COLUMNS": "160"}
    return run([sys.executable, "-m", "sternik", *arguments], environment)


def run(command: Sequence[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110, check=False
    )


def test_a_model_is_judged_against_the_one_in_service(models: Path, tmp_path: Path) -> None:
    other, current = versions(models)
    test = tmp_path / "new.csv"
    test.write_text(HEADER + TEST)
    heard = tmp_path / "heard.csv"
    heard.write_text("text,heard,intent,voice\nmy pin is gone,my bin is gone,pin,rms\n")
    out = tmp_path / "report"
    arguments = ("--test", str(test), "--heard", str(heard), "--out", str(out), "--model", other)
    done = sternik(models, "evaluate", *arguments)
    assert done.returncode == 0, done.stderr
    assert f"against {current}" in done.stdout
    assert "a leak: 1 of 5 sentences" in done.stdout
    assert str(out / "report.html") in done.stdout
    report = json.loads((out / "report.json").read_text())
    names = ["new", "new, garbled", "spoken, heard, as text", "spoken, heard"]
    assert [one["name"] for one in report["sets"]] == names
    assert [one["count"] for one in report["sets"]] == [4, 4, 1, 1]
    assert report["model"]["version"] == other
    assert report["model"]["latency"]["p95_ms"] > 0
    assert report["in_force"]["default"] == {"probability": 0.55, "margin": 0.2}
    assert report["chosen"] is not None
    assert [one["old"] for one in report["comparisons"]] == [current] * 4
    assert "can&#x27;t tell" in (out / "report.html").read_text()


def test_what_cannot_be_judged_is_said_and_nothing_written(models: Path, tmp_path: Path) -> None:
    test, out = tmp_path / "new.csv", tmp_path / "report"
    test.write_text(HEADER + "a lease,leasing,en,written,two,x1\n")
    done = sternik(models, "evaluate", "--test", str(test), "--out", str(out))
    assert done.returncode == 1
    assert "intents that the model does not have: leasing (1)" in done.stderr
    assert "train a model with these intents" in done.stderr
    done = sternik(models, "evaluate", "--model", "en-20200101-00000000")
    assert done.returncode == 1
    assert "no model 'en-20200101-00000000'" in done.stderr
    assert not out.exists()


def test_a_training_leaves_its_report_in_the_artefact(models: Path) -> None:
    artefact = load_artefact(models, "en")
    page = (artefact.folder / "report.html").read_text()
    assert "out of fold, garbled" in page
    figures = json.loads(artefact.report.read_text())["figures"]
    assert [one["name"] for one in figures["sets"]] == ["out of fold", "out of fold, garbled"]
    assert figures["sets"][0]["keyword_accuracy"] > figures["sets"][0]["majority_accuracy"]


def test_the_worked_script_goes_from_corpus_to_verdict(tmp_path: Path) -> None:
    done = run(
        [sys.executable, str(SCRIPT), str(tmp_path)], {**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout
    assert (tmp_path / "report" / "report.html").exists()
