"""One file of the site onto the disk: checked as it comes, taken up again where it was cut off."""

from __future__ import annotations

import errno
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from sternik.speech.errors import DownloadError
from sternik.speech.model_site import CutOffError, ModelSite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sternik.speech.published_models import PublishedModel

_ATTEMPTS: Final = 3
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """How far a download is."""

    name: str
    received_bytes: int
    total_bytes: int


class ZipDownload:
    """Brings one model's zip file to `part`, beside which `….md5` says what it is going to be.

    What is there of the same file from an earlier attempt is taken up, as the server allows.
    """

    def __init__(
        self,
        *,
        site: ModelSite,
        model: PublishedModel,
        part: Path,
        report: Callable[[Transfer], None],
    ) -> None:
        self._site = site
        self._model = model
        self._part = part
        self._meant = part.with_name(f"{part.name}.md5")
        self._report = report

    @property
    def received_bytes(self) -> int:
        """What an earlier attempt left of the same file."""
        try:
            same = self._meant.read_text("ascii").strip() == self._model.md5
            return self._part.stat().st_size if same else 0
        except (OSError, UnicodeDecodeError):
            return 0

    def run(self) -> None:
        """Download until `part` is whole and its MD5 is the list's; a cut is tried again twice.

        Raises `DownloadError` (what has come stays, unless it is wrong), `SiteUnreachableError`, and
        `ConfigurationError` when the disk is full (nothing stays) or cannot be written.
        """
        for attempts_left in reversed(range(_ATTEMPTS)):
            try:
                with _disk_errors_told(self):
                    self._attempt()
            except CutOffError as error:
                if not attempts_left:
                    raise self._given_up(error) from error
            else:
                return

    def discard(self) -> None:
        """Remove what has come."""
        self._part.unlink(missing_ok=True)
        self._meant.unlink(missing_ok=True)

    @property
    def part(self) -> Path:
        """The file that is written."""
        return self._part

    def _attempt(self) -> None:
        have = self.received_bytes
        if not 0 < have <= self._model.size_bytes:
            self.discard()
            have = 0
        self._meant.write_text(f"{self._model.md5}\n", "ascii")
        digest = hashlib.md5(usedforsecurity=False)
        if have < self._model.size_bytes:
            have = self._receive(have, digest)
        else:
            self._hash_part(digest)
        self._verify(digest.hexdigest(), resumed=have > 0)

    def _receive(self, have: int, digest: hashlib._Hash) -> int:
        """Write what lacks; returns from which byte on it came."""
        with self._site.open(self._model.url, begin=have) as (begin, pieces):
            if begin:
                self._hash_part(digest)
            received = begin
            with self._part.open("ab" if begin else "wb") as file:
                for piece in pieces:
                    received += len(piece)
                    self._not_more(received)
                    file.write(piece)
                    digest.update(piece)
                    self._report(
                        Transfer(
                            name=self._model.name,
                            received_bytes=received,
                            total_bytes=self._model.size_bytes,
                        )
                    )
        if received < self._model.size_bytes:
            raise CutOffError("the connection ended early", where=self._model.url)
        return begin

    def _hash_part(self, digest: hashlib._Hash) -> None:
        with self._part.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)

    def _not_more(self, received: int) -> None:
        if received > self._model.size_bytes:
            self.discard()
            raise DownloadError(
                f"more came than the {self._model.size_bytes} bytes that the list names",
                where=self._model.url,
                advice="the site may be changing: try again later",
            )

    def _verify(self, found: str, *, resumed: bool) -> None:
        if found == self._model.md5:
            return
        self.discard()
        if resumed:
            raise CutOffError("the two halves do not fit together", where=self._model.url)
        raise DownloadError(
            f"another file came: its MD5 is {found}, the list names {self._model.md5}",
            where=self._model.url,
            advice="nothing was kept. Try again later; if it stays so, the site or a proxy is at fault",
        )

    def _given_up(self, error: CutOffError) -> DownloadError:
        kept = self.received_bytes
        return DownloadError(
            f"{error.problem}, {_ATTEMPTS} times; {kept / 1e6:.1f} of "
            f"{self._model.size_bytes / 1e6:.1f} MB have come",
            where=self._model.url,
            advice="run the same command again: it goes on from there",
        )


@contextmanager
def _disk_errors_told(download: ZipDownload) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            download.discard()
        raise disk_error(error, download.part) from error


def disk_error(error: OSError, where: Path) -> ConfigurationError:
    """A disk that is full or cannot be written, in plain words."""
    if error.errno in _NO_ROOM:
        return ConfigurationError(
            "the disk is full (or this user may not write so much); nothing was kept",
            where=str(where),
            advice="make room, or name a folder on a larger disk: STERNIK_SPEECH_FOLDER",
        )
    return ConfigurationError(
        f"cannot be written ({error.strerror})",
        where=str(error.filename or where),
        advice="name a folder that this user may write to: STERNIK_SPEECH_FOLDER",
    )
