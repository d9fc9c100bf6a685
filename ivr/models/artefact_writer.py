"""Puts a new artefact in place: written aside, verified, renamed. `registry` puts it in service."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.artefact import CURRENT, MANIFEST, ModelArtefact, manifest_json, read_artefact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ivr.models.artefact import Manifest

UNFINISHED = ".unfinished-"


@contextmanager
def unfinished_folder(root: Path, language: str) -> Iterator[Path]:
    """Give a folder to write an artefact's files into; it is gone afterwards unless installed.

    What a killed training left behind is removed first; the folder of one that runs is locked, and
    stays. Raises `ConfigurationError` when `root` cannot be written.
    """
    home = root / language
    try:
        home.mkdir(parents=True, exist_ok=True)
        for left in home.glob(f"{UNFINISHED}*"):
            if _is_abandoned(left):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=home))
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigurationError(
            f"models cannot be written there ({error.strerror})",
            advice="give a folder that this user may write to",
            where=str(home),
        ) from error
    try:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def install_artefact(folder: Path, manifest: Manifest) -> ModelArtefact:
    """Finish the artefact in an unfinished `folder` and give it its name, as a candidate.

    The manifest is written last and everything is read back, so a damaged file never gets a name.
    An equal version already in place is kept when it is whole, and replaced when it is not.
    """
    (folder / MANIFEST).write_text(manifest_json(manifest), encoding="utf-8")
    read_artefact(folder)
    _flush(folder)
    folder.chmod(0o755)
    home = folder.parent
    final = home / manifest.version
    if not _is_whole(final):
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
    return read_artefact(final)


def point_to(home: Path, version: str) -> None:
    """Make `version` the current one of the language folder `home`, in one step."""
    new = home / f"{UNFINISHED}{CURRENT}"
    with new.open("w", encoding="utf-8") as file:
        file.write(f"{version}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(home / CURRENT)


def _is_abandoned(folder: Path) -> bool:
    """Whether nobody writes there any more; where the file system has no locks, nobody does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return False  # somebody has just finished with it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return True


def _is_whole(folder: Path) -> bool:
    try:
        read_artefact(folder)
    except ModelUnusableError:
        return False
    return True


def _flush(folder: Path) -> None:
    """Have the disk hold the files before a name does: a rename may outlive their content."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
