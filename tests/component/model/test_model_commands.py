"""`sternik model`, as an administrator types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import FILES
from ivr.models.registry import ModelRegistry
from sternik import cli
from tests.unit.trainer.tiny_artefacts import flip_a_byte, install_tiny, version_of

ONE, TWO, THREE = (version_of(number) for number in range(1, 4))


class Administrator:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._runner = CliRunner(env={"STERNIK_MODELS_FOLDER": str(root), "COLUMNS": "60"})

    def types(self, *arguments: str) -> str:
        """What a command said; raises what `sternik` tells in plain words."""
        result = self._runner.invoke(cli.app, ["model", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    def reads(self, *arguments: str) -> Any:
        return json.loads(self.types(*arguments, "--json"))

    @property
    def in_service(self) -> str:
        return ModelRegistry(self.root, "en").current


@pytest.fixture
def administrator(tmp_path: Path) -> Administrator:
    for number in (1, 2, 3):
        install_tiny(tmp_path, number)
    return Administrator(tmp_path)


def test_versions_are_listed_whole_with_figures_and_what_is_in_service(
    administrator: Administrator,
) -> None:
    administrator.types("promote", ONE)
    administrator.types("promote", TWO, "--reason", "better")
    flip_a_byte(administrator.root / "en" / THREE / "report.json")
    lines = administrator.types("list").splitlines()
    shown = {line.split()[0]: line for line in lines}
    assert "2026-01-01 00:00  10 (corpus 1)  2        90.0 %  0.800" in shown[ONE]
    assert shown[ONE].endswith("before")
    assert shown[TWO].endswith("in service")
    assert shown[THREE].endswith("unusable")
    assert any("report.json: is not what training wrote" in line for line in lines)


def test_programs_read_the_list_and_its_history(administrator: Administrator) -> None:
    administrator.types("promote", ONE)
    administrator.types("promote", THREE, "--reason", "why not")
    read = administrator.reads("list")
    assert (read["language"], read["in_service"], read["before"]) == ("en", THREE, ONE)
    assert [one["version"] for one in read["versions"]] == [ONE, TWO, THREE]
    assert read["versions"][0]["metrics"]["out_of_fold_accuracy"] == 0.9
    assert read["history"][-1]["reason"] == "why not"


def test_everything_of_a_version_is_shown_with_its_files_verified(
    administrator: Administrator,
) -> None:
    administrator.types("promote", ONE)
    said = administrator.types("show")
    assert "in service" in said
    assert "out_of_scope, pin" in said
    assert said.count("as written") == len(FILES)
    assert administrator.reads("show", TWO)["manifest"]["utterances"] == 20


def test_showing_a_damaged_version_names_each_file_and_fails(administrator: Administrator) -> None:
    flip_a_byte(administrator.root / "en" / TWO / "report.json")
    (administrator.root / "en" / TWO / "surplus").write_text("x")
    runner = CliRunner(env={"STERNIK_MODELS_FOLDER": str(administrator.root)})
    result = runner.invoke(cli.app, ["model", "show", TWO])
    assert isinstance(result.exception, ModelUnusableError)
    assert "its hash differs" in result.output
    assert "does not belong to the artefact" in result.output


def test_promotion_and_rollback_say_what_came_instead_of_what(
    administrator: Administrator,
) -> None:
    assert f"{ONE} is in service. " in administrator.types("promote", ONE)
    assert f"{TWO} is in service instead of {ONE}" in administrator.types("promote", TWO)
    assert "already" in administrator.types("promote", TWO)
    assert f"{ONE} is in service again instead of {TWO}" in administrator.types("rollback")
    with pytest.raises(ConfigurationError, match="no model was in service before"):
        administrator.types("rollback")
    assert administrator.in_service == ONE


def test_a_damaged_version_is_not_promoted(administrator: Administrator) -> None:
    administrator.types("promote", ONE)
    flip_a_byte(administrator.root / "en" / TWO / "classifier.npz")
    with pytest.raises(ModelUnusableError, match=r"classifier\.npz.*sternik train"):
        administrator.types("promote", TWO)
    assert administrator.in_service == ONE


def test_pruning_says_what_goes(administrator: Administrator) -> None:
    administrator.types("promote", THREE)
    assert f"would remove {ONE}" in administrator.types("prune", "--keep", "2", "--dry-run")
    assert f"removed {ONE}" in administrator.types("prune", "--keep", "2")
    assert "nothing to remove" in administrator.types("prune")


def test_a_language_without_models_is_told(administrator: Administrator) -> None:
    assert "No pl model is here: sternik train" in administrator.types("list", "--language", "pl")
    with pytest.raises(ConfigurationError) as caught:
        administrator.types("show", "--language", "pl")
    assert "sternik train" in caught.value.advice
