from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from sternik.speech.errors import DownloadError
from sternik.speech.unpacking import MOST_FILES, unpack, unpacked_bytes
from tests.tiny_vosk_model import write_tiny_model, zip_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def packed(archive: Path, *entries: tuple[str | zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return archive


def refused(archive: Path, folder: Path) -> str:
    with pytest.raises(DownloadError) as measured:
        unpacked_bytes(archive)
    with pytest.raises(DownloadError):
        unpack(archive, folder)
    assert list(folder.iterdir()) == []
    return str(measured.value)


def test_a_model_comes_out_as_it_went_in(tmp_path: Path, folder: Path) -> None:
    model = write_tiny_model(tmp_path / "m")
    archive = zip_folder(model, tmp_path / "m.zip")
    files = {path.relative_to(tmp_path): path for path in model.rglob("*") if path.is_file()}
    assert unpacked_bytes(archive) == sum(path.stat().st_size for path in files.values())
    unpack(archive, folder)
    for name, path in files.items():
        assert (folder / name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/escaped", "m/../../escaped", "..\\escaped", "c:escaped", "m/.."],
)
def test_a_name_that_leads_outside_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    archive = packed(tmp_path / "m.zip", ("m/conf", b""), (name, b"x"))
    assert "outside its folder" in refused(archive, folder)
    assert not (tmp_path / "escaped").exists()


def test_a_link_is_refused(tmp_path: Path, folder: Path) -> None:
    link = zipfile.ZipInfo("m/am")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = packed(tmp_path / "m.zip", (link, b"/etc"), ("m/am/passwd", b"x"))
    assert "neither file nor folder" in refused(archive, folder)


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, folder: Path) -> None:
    archive = packed(tmp_path / "m.zip", ("m/HCLG.fst", bytes(70 * 1024 * 1024)))
    assert "would grow to" in refused(archive, folder)


def test_too_many_files_are_refused(tmp_path: Path, folder: Path) -> None:
    names = (f"m/{number}" for number in range(MOST_FILES + 1))
    archive = packed(tmp_path / "m.zip", *((name, b"") for name in names))
    assert "no model has so many" in refused(archive, folder)


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_file_is_refused(tmp_path: Path, folder: Path, content: bytes) -> None:
    archive = tmp_path / "m.zip"
    archive.write_bytes(content)
    assert "no zip file that can be read" in refused(archive, folder)


def test_a_damaged_file_inside_is_noticed(tmp_path: Path, folder: Path) -> None:
    archive = tmp_path / "m.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as opened:
        opened.writestr("m/final.mdl", b"a matrix of numbers")
    archive.write_bytes(archive.read_bytes().replace(b"matrix", b"Matrix"))
    with pytest.raises(DownloadError, match="is damaged"):
        unpack(archive, folder)
