from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from ivr.models.grammars import grammars_json, phrases_of, read_grammars
from ivr.ports import GrammarName
from training.grammars import read_written_grammars

SHIPPED = Path(__file__).parents[3] / "training" / "corpus" / "en.grammars.yaml"


def test_shipped_grammars_hold_every_small_question() -> None:
    grammars = read_written_grammars(SHIPPED, "en")
    assert set(grammars) == set(GrammarName) - {GrammarName.OPEN_QUESTION}
    assert "that's right" in grammars[GrammarName.YES_NO]["yes"]
    assert len(grammars[GrammarName.DIGITS]) == 10


def test_grammars_are_read_as_they_were_written(tmp_path: Path) -> None:
    grammars = read_written_grammars(SHIPPED, "en")
    path = tmp_path / "grammars.json"
    path.write_text(grammars_json(grammars), encoding="utf-8")
    assert read_grammars(path) == grammars


def test_a_phrase_is_listed_once() -> None:
    assert phrases_of({"yes": ("yes", "sure"), "fine": ("sure",)}) == ("yes", "sure")


def test_a_language_without_grammars_has_none() -> None:
    assert read_written_grammars(None, "ko") == {}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('yes_or_no:\n  "yes": [sure]\n', r"no grammar is called 'yes_or_no'"),
        ('open_question:\n  "yes": [sure]\n', r"no grammar is called 'open_question'"),
        ("yes_no:\n  agreed: []\n", r"'agreed' has an empty phrase"),
        ('yes_no:\n  agreed: ["!"]\n', r"'agreed' has an empty phrase"),
        ("yes_no:\n  agreed: [sure]\n  refused: [Sure]\n", r"'sure' means both"),
        ("yes_no: [sure]\n", r"yes_no"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, written: str, problem: str) -> None:
    path = tmp_path / "en.grammars.yaml"
    path.write_text(written, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=rf"en\.grammars\.yaml:\d.*{problem}"):
        read_written_grammars(path, "en")
