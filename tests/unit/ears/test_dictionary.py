from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationError, ModelUnusableError
from training.dictionary import build_dictionary, read_pronunciations


def test_all_pronunciations_of_the_words_and_no_others_are_kept(tmp_path: Path) -> None:
    report = build_dictionary({"either", "pin"}, tmp_path / "d.dict", read_pronunciations())
    lines = (tmp_path / "d.dict").read_text().splitlines()
    assert report.words == {"either", "pin"}
    assert [line.split()[0] for line in lines] == ["either", "either(2)", "pin"]
    assert lines[-1] == "pin P IH N"


def test_missing_words_are_reported_and_left_out(tmp_path: Path) -> None:
    report = build_dictionary({"pin", "złotych"}, tmp_path / "d.dict", read_pronunciations())
    assert report.missing == {"złotych"}
    assert "złotych" not in (tmp_path / "d.dict").read_text()


def test_the_extra_file_adds_words_and_pronunciations(tmp_path: Path) -> None:
    extra = tmp_path / "en.dict"
    extra.write_text("# ours\nzlotych Z W AO T IH\npin P IY N\n")
    report = build_dictionary({"pin", "zlotych"}, tmp_path / "d.dict", read_pronunciations(extra))
    assert report.missing == frozenset()
    assert (tmp_path / "d.dict").read_text().splitlines() == [
        "pin P IY N",
        "pin(2) P IH N",
        "zlotych Z W AO T IH",
    ]


@pytest.mark.parametrize(
    ("line", "problem"), [("zlotych", "not a pronunciation"), ("zlotych Z XX", "no phone XX")]
)
def test_a_wrong_line_of_the_extra_file_is_told(tmp_path: Path, line: str, problem: str) -> None:
    extra = tmp_path / "en.dict"
    extra.write_text(f"{line}\n")
    with pytest.raises(ConfigurationError, match=problem) as caught:
        read_pronunciations(extra)
    assert caught.value.advice
    assert not (tmp_path / "d.dict").exists()


def test_a_corpus_of_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match="English"):
        build_dictionary({"zażółć"}, tmp_path / "d.dict", read_pronunciations())


def test_words_in_no_dictionary_are_pronounced_by_rule_and_reported(tmp_path: Path) -> None:
    report = build_dictionary({"pin", "revolut"}, tmp_path / "d.dict", {"pin": ("P IH N",)})
    assert report.by_rule == {"revolut": ("R EH V OW L AH T",)}
    assert "revolut R EH V OW L AH T\n" in (tmp_path / "d.dict").read_text()


def test_other_speech_is_in_brackets_even_if_the_corpus_holds_the_word(tmp_path: Path) -> None:
    known = {"pin": ("P IH N",), "either": ("IY DH ER", "AY DH ER")}
    build_dictionary({"pin"}, tmp_path / "d.dict", known, ["either", "pin"])
    assert (tmp_path / "d.dict").read_text().splitlines() == [
        "[either] IY DH ER",
        "[either](2) AY DH ER",
        "[pin] P IH N",
        "pin P IH N",
    ]
