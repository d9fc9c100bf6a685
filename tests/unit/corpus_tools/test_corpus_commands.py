from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.errors import ConfigurationError
from sternik import cli
from tests.tiny_vosk_model import write_tiny_model
from tests.unit.corpus_tools.corpora import rows, write_rows


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model of the machine listens in these tests, and nobody at all unless a test says so."""
    for name in ("MODELS_FOLDER", "SPEECH_FOLDER"):
        monkeypatch.setenv(f"STERNIK_{name}", str(tmp_path / "none"))
    monkeypatch.setenv("STERNIK_SPEECH_LIST_URL", "")
    monkeypatch.setenv("STERNIK_SPEECH_ENGINE", "vosk")


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(cli.app, ["corpus", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_good_corpus_ends_with_exit_code_zero_and_a_report(tmp_path: Path) -> None:
    code, shown = run("check", write_rows(tmp_path / "en.csv", rows(45)))
    assert code == 0
    assert "0 errors, 0 warnings in 1 file" in shown
    for word in ("distinct trigrams", "with a hesitation", "mortgage", "near duplicates"):
        assert word in shown


def test_errors_end_with_exit_code_one_and_are_told_by_file_and_line(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "en.csv", [*rows(45), "pay 5 pounds,pin,one,s1"])
    code, shown = run("check", path)
    assert code == 1
    assert f"{path}:137: text holds digits" in shown
    assert "1 error, 0 warnings" in shown


def test_json_holds_all_findings_and_nothing_else_is_printed(tmp_path: Path) -> None:
    training = write_rows(tmp_path / "en.csv", [*rows(45), "zork zork zork,pin,one,s1"])
    held_out = write_rows(tmp_path / "test.csv", ["zork zork zork,pin,two,s1"])
    code, shown = run("check", training, "--held-out", held_out, "--language", "en", "--json")
    report = json.loads(shown)
    assert (code, report["errors"]) == (1, 1)
    (shared,) = [
        kind
        for kind in report["languages"]["en"]["findings"]
        if kind["kind"] == "duplicate_across_splits"
    ]
    assert shared["severity"] == "error"
    assert shared["found"][0]["where"] == [f"{training}:137", f"{held_out}:2"]
    assert report["languages"]["en"]["health"]["rows_by_intent"]["pin"] == {
        "training": 46,
        "held_out": 1,
    }


def test_a_folder_is_checked_with_what_it_holds_out(tmp_path: Path) -> None:
    write_rows(tmp_path / "en.csv", rows(45))
    write_rows(tmp_path / "held_out" / "en.csv", rows(5, seed=2, session="two"))
    code, shown = run("check", tmp_path)
    assert code == 0
    assert "150, of them 15 held out" in shown


def test_a_file_that_is_named_twice_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "en.csv", rows(45))
    monkeypatch.chdir(tmp_path)
    code, shown = run("check", path, "en.csv", tmp_path)
    assert code == 0
    assert "135, of them 0 held out" in shown
    assert "135, of them 135 held out" in run("check", path, "--held-out", "en.csv")[1]


def test_words_that_the_vosk_model_in_force_lacks_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = write_tiny_model(tmp_path / "vosk-model-small-en-us-0.15")
    monkeypatch.setenv("STERNIK_SPEECH_MODEL", str(model))
    monkeypatch.setenv("STERNIK_LANGUAGE", "en")
    path = write_rows(tmp_path / "en.csv", [*rows(45), "my lost zażółć,pin,one,s1"])
    _, shown = run("check", path, "--show", "500")
    unheard = shown.partition("words that the recogniser cannot hear")[2]
    assert "wallet" in unheard
    assert "lost," not in unheard
    assert "zażółć," not in unheard


def test_pocketsphinx_hears_by_rule_what_its_dictionary_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNIK_SPEECH_ENGINE", "auto")
    path = write_rows(tmp_path / "en.csv", [*rows(45), "my blorfish card,pin,one,s1"])
    _, shown = run("check", path)
    assert "words whose pronunciation is a guess: 1" in shown
    assert "blorfish B L" in shown


def test_a_language_that_nobody_listens_to_is_said_to_be_unchecked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STERNIK_SPEECH_ENGINE", "auto")
    _, shown = run("check", write_rows(tmp_path / "pl.csv", rows(45)))
    assert "pl: not checked: words that cannot be heard: nothing can listen" in shown


def test_a_path_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        run("check", tmp_path / "none.csv")
    with pytest.raises(ConfigurationError, match="folder holds no"):
        run("check", tmp_path)


def test_import_says_what_came_in_and_what_did_not(tmp_path: Path) -> None:
    source = tmp_path / "typed.csv"
    source.write_text("text,category\nWhere is my card?,Card!\nwhere is my card,card\n???,card\n")
    to = tmp_path / "en-typed.csv"
    code, shown = run("import", source, "--to", to, "--keep-good")
    assert code == 0
    assert f"1 of 3 rows -> {to}" in shown
    assert "1 were there already" in shown
    assert "1 bad row, with line and reason" in shown
    assert to.read_text() == "text,intent,language,source\nwhere is my card,card,en,typed\n"


def test_import_asks_for_a_language_that_no_name_tells(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="language is not known"):
        run("import", tmp_path / "x.csv", "--to", tmp_path / "typed.csv")


@pytest.mark.parametrize("command", [[], ["check"], ["import"]])
def test_help_tells_columns_errors_and_what_comes_of_bad_rows(command: list[str]) -> None:
    code, shown = run(*command, "--help")
    words = {"": "JSONL", "check": "exit code 1", "import": "BANKING77"}
    assert code == 0
    assert words["".join(command)] in " ".join(shown.split())
