from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import (
    FILES,
    HEARING,
    POCKETSPHINX_FILES,
    ModelArtefact,
    load_artefact,
    sha256_of,
)
from ivr.models.artefact_writer import install_artefact, point_to, unfinished_folder
from ivr.models.manifest import FORMAT, Manifest, sealed_json
from ivr.steering.text import NORMALISATION

if TYPE_CHECKING:
    from pathlib import Path

VERSION = "en-20260101-0123abcd"


def install(root: Path, version: str = VERSION, content: str = "content") -> ModelArtefact:
    with unfinished_folder(root, "en") as folder:
        for name in (*FILES, *POCKETSPHINX_FILES):
            (folder / name).write_text(f"{content} of {name}")
        artefact = install_artefact(folder, manifest_of(folder, version))
    point_to(root / "en", version)
    return artefact


def manifest_of(folder: Path, version: str = VERSION) -> Manifest:
    return Manifest(
        format=FORMAT,
        version=version,
        language="en",
        created="2026-01-01T00:00:00+00:00",
        content="0123abcd",
        corpus="4567",
        utterances=12,
        normalisation=NORMALISATION,
        inputs={"corpus/0-en.csv": "00"},
        files={name: sha256_of(folder / name) for name in (*FILES, *POCKETSPHINX_FILES)},
        hearing=HEARING,
        intents=("out_of_scope", "pin"),
        metrics={"out_of_fold_accuracy": 0.9},
        seeds={"training": 7},
        libraries={"numpy": "2"},
    )


def change_manifest(folder: Path, change: dict[str, object]) -> None:
    path = folder / "manifest.json"
    path.write_text(sealed_json(json.loads(path.read_text()) | change))


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "en").iterdir())


def test_an_installed_artefact_is_loaded_as_written(tmp_path: Path) -> None:
    installed = install(tmp_path)
    assert load_artefact(tmp_path, "en") == installed
    assert installed.version == VERSION
    assert installed.dictionary.read_text() == "content of dictionary.dict"
    assert names(tmp_path) == ["current", VERSION]


def test_what_is_installed_is_a_candidate_beside_the_model_in_service(tmp_path: Path) -> None:
    install(tmp_path)
    with unfinished_folder(tmp_path, "en") as folder:
        for name in (*FILES, *POCKETSPHINX_FILES):
            (folder / name).write_text(name)
        install_artefact(folder, manifest_of(folder, "en-20260102-0123abcd"))
    assert load_artefact(tmp_path, "en").version == VERSION


def test_a_new_version_becomes_current_and_the_old_one_stays(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path, "en-20260102-0123abcd")
    assert load_artefact(tmp_path, "en").version == "en-20260102-0123abcd"
    assert names(tmp_path) == ["current", VERSION, "en-20260102-0123abcd"]


def test_no_model_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusableError, match=r"no 'en' model.*sternik train"):
        load_artefact(tmp_path, "en")


@pytest.mark.parametrize("name", ["manifest.json", *FILES])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    (install(tmp_path).folder / name).unlink()
    with pytest.raises(ModelUnusableError, match=f"{name}.*sternik train"):
        load_artefact(tmp_path, "en")


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_refused(tmp_path: Path, name: str) -> None:
    path = install(tmp_path).folder / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ModelUnusableError, match=f"{name}: is not what training wrote"):
        load_artefact(tmp_path, "en")


def test_any_flipped_byte_of_the_manifest_is_refused(tmp_path: Path) -> None:
    path = install(tmp_path).folder / "manifest.json"
    written = path.read_bytes()
    for position in range(0, len(written), 5):
        raw = bytearray(written)
        raw[position] ^= 1
        path.write_bytes(raw)
        with pytest.raises(ModelUnusableError, match=r"manifest\.json.*sternik train"):
            load_artefact(tmp_path, "en")
    path.write_bytes(written)
    assert load_artefact(tmp_path, "en").version == VERSION


@pytest.mark.parametrize("name", ["weights.pickle", ".hidden", "classifier.json~"])
def test_a_file_too_many_is_refused(tmp_path: Path, name: str) -> None:
    (install(tmp_path).folder / name).write_text("whose is it?")
    with pytest.raises(ModelUnusableError, match=f"{name}: does not belong.*take it away"):
        load_artefact(tmp_path, "en")


def test_a_file_of_another_folder_is_refused(tmp_path: Path) -> None:
    folder = install(tmp_path).folder
    (tmp_path / "en" / "elsewhere").write_text("x")
    files = manifest_of(folder).files | {"../elsewhere": sha256_of(tmp_path / "en" / "elsewhere")}
    change_manifest(folder, {"files": files})
    with pytest.raises(ModelUnusableError, match="is no name of a file"):
        load_artefact(tmp_path, "en")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 99}, "format 99"),
        ({"format": None}, "format None"),
        ({"normalisation": 1}, "made for normalisation 1 of texts.*sternik train"),
        ({"files": {}, "hearing": {}}, "the manifest lacks"),
        ({"files": None}, "not objects"),
        ({"seeds": None}, "seeds: not objects"),
        ({"intents": 3}, "labels.*not a list"),
        ({"intents": []}, "labels are missing.*sternik train"),
        ({"intents": ["pin"]}, "labels are missing"),
        ({"intents": ["pin", "pin"]}, "labels are missing or listed twice"),
        ({"hearing": {"phrases": "elsewhere.txt"}}, "for hearing are not listed: elsewhere.txt"),
        ({"surprise": 1}, "no usable manifest"),
        ({"version": "en-20200101-00000000"}, "another artefact"),
        ({"language": "pl"}, "another artefact"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    change_manifest(install(tmp_path).folder, change)
    with pytest.raises(ModelUnusableError, match=said):
        load_artefact(tmp_path, "en")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", '"text"', "\x00"])
def test_a_half_written_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (install(tmp_path).folder / "manifest.json").write_text(text)
    with pytest.raises(ModelUnusableError, match="sternik train"):
        load_artefact(tmp_path, "en")


@pytest.mark.parametrize("raw", [b"", b"../../etc", b"en-20990101-00000000", b"\xff\xfe"])
def test_a_pointer_to_nowhere_is_refused(tmp_path: Path, raw: bytes) -> None:
    install(tmp_path)
    (tmp_path / "en" / "current").write_bytes(raw)
    with pytest.raises(ModelUnusableError, match="sternik train"):
        load_artefact(tmp_path, "en")


def test_a_failed_training_leaves_nothing_and_the_old_model_current(tmp_path: Path) -> None:
    install(tmp_path)

    def fail() -> None:
        with unfinished_folder(tmp_path, "en") as folder:
            (folder / "classifier.json").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert load_artefact(tmp_path, "en").version == VERSION
    assert names(tmp_path) == ["current", VERSION]


def test_files_changed_before_installation_get_no_name(tmp_path: Path) -> None:
    def install_damaged() -> None:
        with unfinished_folder(tmp_path, "en") as folder:
            for name in (*FILES, *POCKETSPHINX_FILES):
                (folder / name).write_text(name)
            manifest = manifest_of(folder)
            (folder / FILES[0]).write_text("damaged")
            install_artefact(folder, manifest)

    with pytest.raises(ModelUnusableError):
        install_damaged()
    assert names(tmp_path) == []


def test_what_a_killed_training_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "en" / ".unfinished-abc"
    left.mkdir(parents=True)
    (left / "classifier.json").write_text("half")
    install(tmp_path)
    assert names(tmp_path) == ["current", VERSION]


def test_a_training_that_runs_beside_another_keeps_its_folder(tmp_path: Path) -> None:
    with unfinished_folder(tmp_path, "en") as first:
        install(tmp_path)
        for name in (*FILES, *POCKETSPHINX_FILES):
            (first / name).write_text(name)
        install_artefact(first, manifest_of(first, "en-20260102-0123abcd"))
    assert names(tmp_path) == ["current", VERSION, "en-20260102-0123abcd"]


def test_training_again_repairs_a_damaged_version(tmp_path: Path) -> None:
    (install(tmp_path).folder / "report.json").write_text("damaged")
    install(tmp_path)
    assert load_artefact(tmp_path, "en").report.read_text() == "content of report.json"


def test_a_whole_version_is_kept_when_trained_again(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path, content="other")
    assert load_artefact(tmp_path, "en").report.read_text() == "content of report.json"


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "en").write_text("a file, not a folder")
    with pytest.raises(ConfigurationError) as caught:
        install(tmp_path)
    assert "may write to" in caught.value.advice
