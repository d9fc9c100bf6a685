"""A published model brought into our folder: downloaded, unpacked, checked, then given its name."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models.vosk_model_folder import (
    VoskModelFolder,
    looks_like_model,
    model_inside,
    read_model_folder,
)
from sternik.speech.download import Transfer, ZipDownload, disk_error
from sternik.speech.errors import DownloadError
from sternik.speech.unpacking import unpack, unpacked_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sternik.speech.model_site import ModelSite
    from sternik.speech.published_models import PublishedModel

GROWTH: Final = 3
"""Models unpack to less than this many times their zip file (1.7 to 3.0, seen)."""


def free_bytes(folder: Path) -> int:
    """What this user may still write there."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedModel:
    """A model in our folder; `was_there` when nothing had to be downloaded."""

    model: VoskModelFolder
    was_there: bool


class ModelFetcher:
    """Brings models into `folder`, which never holds half of one under its name.

    Several may run at once, in several processes: for one model, the second waits for the first and
    takes what it made. `say` gets a line where something takes long, `report` the progress in bytes.
    """

    def __init__(
        self,
        *,
        site: ModelSite,
        folder: Path,
        say: Callable[[str], None],
        report: Callable[[Transfer], None],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._site = site
        self._folder = folder
        self._say = say
        self._report = report
        self._free = free

    def fetch(self, published: PublishedModel, *, again: bool = False) -> FetchedModel:
        """The model, downloaded unless it is here whole; `again` replaces it whatever it is.

        Raises `SiteUnreachableError`, `DownloadError`, and `ConfigurationError` for the disk. A model
        that was here before stays until the new one is complete.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone(published.name):
                kept = None if again else self._kept(published.name)
                if kept is not None:
                    return FetchedModel(model=kept, was_there=True)
                return FetchedModel(model=self._bring(published), was_there=False)
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def _bring(self, published: PublishedModel) -> VoskModelFolder:
        archive = self._folder / f"{published.name}.zip.part"
        download = ZipDownload(site=self._site, model=published, part=archive, report=self._report)
        lacking = published.size_bytes - download.received_bytes
        self._need(lacking + GROWTH * published.size_bytes, "the zip file and the model in it")
        download.run()
        try:
            return self._install(archive, published.name)
        finally:
            download.discard()

    def _install(self, archive: Path, name: str) -> VoskModelFolder:
        self._need(unpacked_bytes(archive), "the model in the zip file")
        self._say(f"unpacking {name}")
        unfinished, final = self._folder / f".{name}.unfinished", self._folder / name
        # Left behind only by a process that was killed: we are alone with this model.
        shutil.rmtree(unfinished, ignore_errors=True)
        try:
            unfinished.mkdir()
            unpack(archive, unfinished)
            self._put_in_place(_checked(unfinished, archive), final)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return read_model_folder(final)

    def _put_in_place(self, new: Path, final: Path) -> None:
        """Rename; who has the old one open goes on reading it."""
        old = self._folder / f".{final.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if final.exists():
            final.rename(old)
        new.rename(final)
        shutil.rmtree(old, ignore_errors=True)

    def _kept(self, name: str) -> VoskModelFolder | None:
        if not looks_like_model(self._folder / name):
            return None
        try:
            return read_model_folder(self._folder / name)
        except ModelUnusableError as error:
            self._say(f"{error}; it is fetched again")
            return None

    def _need(self, size_bytes: int, what: str) -> None:
        free = self._free(self._folder)
        if free < size_bytes:
            raise ConfigurationError(
                f"too little room: {what} need {size_bytes / 1e6:.0f} MB, {free / 1e6:.0f} are free",
                where=str(self._folder),
                advice="make room, or name a folder on a larger disk: STERNIK_SPEECH_FOLDER",
            )

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        with (self._folder / f".{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._say(f"another program is fetching {name}: waiting for it (Ctrl-C ends this)")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _checked(unpacked: Path, archive: Path) -> Path:
    """The folder of the model that was unpacked: what the zip file holds, or its one folder."""
    folder = unpacked if looks_like_model(unpacked) else model_inside(unpacked)
    try:
        if folder is not None:
            return read_model_folder(folder).path
    except ModelUnusableError as error:
        raise DownloadError(
            f"the model in {archive.name} is no use: {error}",
            advice="nothing of it was kept; choose another: sternik speech list",
        ) from error
    raise DownloadError(
        f"{archive.name} holds no Vosk model",
        advice="nothing of it was kept; choose another: sternik speech list",
    )
