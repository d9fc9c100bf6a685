"""A model's zip file, unpacked without trusting it."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from sternik.speech.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_FILES: Final = 2000
LARGEST_RATIO: Final = 20
"""Graphs and matrices shrink to a third; what grows more than this is no model."""

_SMALL_BYTES: Final = 64 * 1024 * 1024
_AT_ONCE_BYTES: Final = 1 << 20


def unpacked_bytes(archive: Path) -> int:
    """What the archive's files need on the disk, as its directory says.

    Raises `DownloadError` for what is no zip file, or one that is not safe to unpack.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return _checked_size(opened.infolist(), archive)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise _unusable(archive, f"is no zip file that can be read ({error})") from error


def unpack(archive: Path, folder: Path) -> None:
    """Unpack into the empty `folder`, every file flushed to the disk and checked by its CRC.

    Raises `DownloadError` as `unpacked_bytes` does, and `OSError` of the disk.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            _checked_size(entries, archive)
            for entry in entries:
                _unpack_entry(opened, entry, folder)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _unusable(archive, f"is damaged ({error})") from error


def _unpack_entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # zipfile reads no more than the directory announced, which was checked.
    with opened.open(entry) as source, target.open("xb") as file:
        shutil.copyfileobj(source, file, _AT_ONCE_BYTES)
        file.flush()
        os.fsync(file.fileno())


def _checked_size(entries: Sequence[zipfile.ZipInfo], archive: Path) -> int:
    if len(entries) > MOST_FILES:
        raise _unusable(archive, f"holds {len(entries)} files: no model has so many")
    for entry in entries:
        if reason := _danger(entry):
            raise _unusable(archive, f"holds {entry.filename[:80]!r}, which {reason}")
    total = sum(entry.file_size for entry in entries)
    if total > max(_SMALL_BYTES, LARGEST_RATIO * archive.stat().st_size):
        raise _unusable(archive, f"would grow to {total / 1e9:.1f} GB: no model does")
    return total


def _danger(entry: zipfile.ZipInfo) -> str:
    path = PurePosixPath(entry.filename)
    # zipfile turns backslashes into slashes on Windows only; no model has one.
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
        return "would be written outside its folder"
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "is neither file nor folder"
    if entry.flag_bits & 1:
        return "is encrypted"
    return ""


def _unusable(archive: Path, problem: str) -> DownloadError:
    return DownloadError(
        f"{archive.name} {problem}", advice="nothing of it was kept; tell the site's owner"
    )
