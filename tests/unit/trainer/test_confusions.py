from __future__ import annotations

from pathlib import Path

import pytest

from ivr.errors import ConfigurationError
from training.confusions import (
    Confusions,
    HeardUtterance,
    count_confusions,
    read_confusions,
    write_confusions,
)
from training.sources import TrainingSources


def heard(said: str, words: str, condition: str = "clean") -> HeardUtterance:
    return HeardUtterance(said=said, heard=words, condition=condition)


def counted() -> Confusions:
    return count_confusions(
        [
            heard("I lost my card.", "i lost my card"),
            heard("um please block my card", "please block my [cart]", "pink-20dB"),
            heard("i want a mortgage", "i want a more gauge", "pink-20dB"),
            heard("my card is", "my card is it"),
            heard("good morning", "where [were] thirty"),
        ],
        engine="pocketsphinx 5.1.1",
        language="en",
        made_of="five sentences",
    )


def test_what_was_heard_as_what_is_counted() -> None:
    found = counted()
    assert found.counts == {
        ("", "it"): 1,
        ("a", "a"): 1,
        ("block", "block"): 1,
        ("card", "[unk]"): 1,
        ("card", "card"): 2,
        ("i", "i"): 2,
        ("is", "is"): 1,
        ("lost", "lost"): 1,
        ("mortgage", "more gauge"): 1,
        ("my", "my"): 3,
        ("please", "please"): 1,
        ("want", "want"): 1,
    }
    assert (found.sentences, found.words) == (5, 17)
    assert found.word_error_rate == pytest.approx(7 / 17)
    assert found.error_rates == pytest.approx({"clean": 4 / 9, "pink-20dB": 3 / 8})


def test_what_was_heard_too_badly_to_be_aligned_counts_in_the_rates_only() -> None:
    found = counted()
    assert not any("morning" in said for said, _ in found.counts)
    assert found.utterances_by_error_rate == (1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1)


def test_nothing_said_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="nothing was said"):
        count_confusions([], engine="e", language="en", made_of="nothing")


def test_a_written_file_is_read_back_and_written_the_same(tmp_path: Path) -> None:
    path = tmp_path / "confusions" / "pocketsphinx.en.csv"
    write_confusions(counted(), path)
    text = path.read_text()
    found = read_confusions(path, "en")
    assert found.counts == counted().counts
    assert found.engine == "pocketsphinx 5.1.1"
    write_confusions(found, path)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("card,cart", "2 fields, not 3"),
        ("card,cart,many", "'many' is no count"),
        ("card,cart,0", "'0' is no count"),
        ("card,cart,-1", "'-1' is no count"),
        (",,3", "neither said nor heard"),
        ("a b c,d,1", "more than 2 words at once"),
        ("my,my,7", "'my' heard as 'my' stands twice"),
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, row: str, problem: str) -> None:
    path = tmp_path / "bad.csv"
    write_confusions(counted(), path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, row]))
    with pytest.raises(ConfigurationError) as raised:
        read_confusions(path, "en")
    assert f"{path}:{len(lines) + 1}: {problem}" in str(raised.value)
    assert raised.value.advice


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("# words: 17\n", "", "head lacks 'words'"),
        ("# words: 17", "# words: nine", "head lacks"),
        ("# language: en", "# language: pl", "is of language 'pl', not 'en'"),
        ("said,heard,count", "said,count", "not the columns said,heard,count"),
        (
            "utterances_by_error_rate: 1 0",
            "utterances_by_error_rate: 1",
            "utterances_by_error_rate",
        ),
    ],
)
def test_a_damaged_head_is_told(tmp_path: Path, before: str, after: str, problem: str) -> None:
    path = tmp_path / "bad.csv"
    write_confusions(counted(), path)
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(ConfigurationError, match=problem):
        read_confusions(path, "en")


def test_missing_binary_empty_and_huge_files_are_told(tmp_path: Path) -> None:
    path = tmp_path / "confusions.csv"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_confusions(path, "en")
    for content, problem in (
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "no counts"),
        (b"a" * 1_000_001, "larger than"),
        (b'# language: en\nsaid,heard,count\n"a,b,1', "3: 1 fields"),
    ):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=problem):
            read_confusions(path, "en")


def test_sources_find_the_confusions_of_their_language(tmp_path: Path) -> None:
    folder = tmp_path / "confusions"
    folder.mkdir()
    (folder / "pocketsphinx.en.csv").touch()
    found = TrainingSources.of_language(tmp_path / "corpus", "en")
    assert found.confusions == folder / "pocketsphinx.en.csv"
    assert found.confusions in found.others
    assert TrainingSources.of_language(tmp_path / "corpus", "pl").confusions is None


def test_the_shipped_file_can_be_trained_with_and_is_small() -> None:
    path = Path("training/confusions/pocketsphinx.en.csv")
    found = read_confusions(path, "en")
    assert path.stat().st_size < 300_000
    assert found.engine.startswith("pocketsphinx")
    assert sum(found.utterances_by_error_rate) == found.sentences
    assert {"rms", "joe"}.isdisjoint(found.made_of.replace(",", " ").split())
