"""A local tree of Debian testing's Asterisk: made without root's help, run without chroot.

The programs run by the tree's own loader and libraries: they do not care how old the machine's are.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from ivr.errors import ConfigurationError
from sternik.asterisk.debian_mirror import read_debian_mirror

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SUITE: Final = "forky"
PACKAGES: Final = ("asterisk", "asterisk-modules", "asterisk-core-sounds-en-wav")

_LOADERS: Final = {
    "x86_64": ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
    "aarch64": ("aarch64-linux-gnu", "ld-linux-aarch64.so.1"),
}
# Changing how a tree is made changes this, and older trees are made again.
_STAMP: Final = f"sternik tree 1: {SUITE} {' '.join(PACKAGES)}\n"
_NEEDED_BYTES: Final = 900 * 2**20
_TIMEOUT_SECONDS: Final = 900
_MOUNTS: Final = Path("/proc/self/mounts")
_INSTALL_YOURSELF: Final = (
    "Or install Asterisk 22 or newer yourself: it is used when it is on PATH."
)


def multiarch_name() -> str | None:
    """Debian's name for this machine's library folder; None where it is not known."""
    return _LOADERS.get(platform.machine(), (None,))[0]


class AsteriskTree:
    """The tree at `folder`; whole when it is there, since it is made beside and then renamed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = folder / "sternik-stamp"
        multiarch, self._loader = _LOADERS.get(platform.machine(), ("", ""))
        self._libraries = folder / "usr" / "lib" / multiarch

    @property
    def command(self) -> tuple[str, ...]:
        """Starts the tree's Asterisk; its options are appended."""
        return (
            str(self._libraries / self._loader),
            "--library-path",
            f"{self._libraries}:{self._libraries / 'asterisk'}",
            str(self._folder / "usr" / "sbin" / "asterisk"),
        )

    @property
    def modules_folder(self) -> Path:
        """What the configuration gives as `astmoddir`."""
        return self._libraries / "asterisk" / "modules"

    @property
    def data_folder(self) -> Path:
        """What the configuration gives as `astdatadir`."""
        return self._folder / "usr" / "share" / "asterisk"

    def is_made(self) -> bool:
        """Whether the tree is there and made the way this version makes it."""
        try:
            return self._stamp.read_text() == _STAMP
        except OSError:
            return False

    def make_if_missing(self, say: Callable[[str], None]) -> None:
        """Make the tree unless it is there; another process that is making it is waited for.

        Raises `ConfigurationError` with advice: unknown machine, no mmdebstrap, network or room.
        """
        if self.is_made():
            return
        _check_machine(self._folder)
        with _only_one_at_a_time(self._folder, say) as lock:
            if not self.is_made():
                self._make(say, lock)

    def _make(self, say: Callable[[str], None], lock: int) -> None:
        unfinished = self._folder.with_name(f"{self._folder.name}.unfinished")
        mirror = read_debian_mirror()
        say(
            f"fetching Asterisk from Debian {SUITE} into {self._folder} "
            "(some 65 MB; half a minute to a few minutes)"
        )
        try:
            _remove(unfinished)
            with _spinner("fetching and unpacking Asterisk"):
                _run_mmdebstrap(unfinished, mirror, lock)
            _mend_sounds(unfinished / "usr" / "share" / "asterisk" / "sounds")
            (unfinished / self._stamp.name).write_text(_STAMP)
            _remove(self._folder)
            unfinished.rename(self._folder)
        except OSError as error:
            raise ConfigurationError(
                f"Asterisk's tree can't be written: {error.strerror}",
                advice=f"Make room and check who may write there. {_INSTALL_YOURSELF}",
                where=str(self._folder),
            ) from error
        finally:
            if not _mounts_in(unfinished):
                shutil.rmtree(unfinished, ignore_errors=True)


def _check_machine(folder: Path) -> None:
    if platform.machine() not in _LOADERS:
        raise ConfigurationError(
            f"no recipe for an Asterisk on this kind of machine ({platform.machine()})",
            advice="Install Asterisk 22 or newer yourself: it is used when it is on PATH.",
        )
    if shutil.which("mmdebstrap") is None:
        raise ConfigurationError(
            "neither Asterisk 22 nor mmdebstrap, which fetches one, is installed",
            advice=f"As root: apt-get install mmdebstrap. {_INSTALL_YOURSELF}",
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        free_bytes = shutil.disk_usage(folder.parent).free
    except OSError as error:
        raise ConfigurationError(
            f"the cache folder can't be made: {error.strerror}",
            advice="Point XDG_CACHE_HOME at a folder that this user may write.",
            where=str(folder.parent),
        ) from error
    if free_bytes < _NEEDED_BYTES:
        raise ConfigurationError(
            f"{_NEEDED_BYTES // 2**20} MiB of disk are needed to fetch Asterisk and "
            f"{free_bytes // 2**20} are free",
            advice="Make room, or point XDG_CACHE_HOME at a folder on a larger disk.",
            where=str(folder.parent),
        )


@contextmanager
def _only_one_at_a_time(folder: Path, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the lock file beside `folder`, and give its descriptor.

    A program that inherits the descriptor holds the lock too: when this process alone is killed,
    the next one waits until nothing writes any more.
    """
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that is fetching Asterisk")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


@contextmanager
def _spinner(what: str) -> Iterator[None]:
    """Shows on a terminal that work goes on; elsewhere nothing."""
    with Console(stderr=True).status(f"{what} …"):
        yield


def _run_mmdebstrap(target: Path, mirror: str | None, lock: int) -> None:
    command = [
        "mmdebstrap",
        "--variant=extract",
        # Root's usual mode mounts the machine's /dev inside, where a killed run would leave it.
        # Nothing but unpacking is done, so no package's script can run outside a chroot.
        "--mode=chrootless",
        "--skip=check/chrootless",
        # A company's mirror may lag behind; apt still checks the signatures.
        '--aptopt=Acquire::Check-Valid-Until "false"',
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale")),
        f"--include={','.join(PACKAGES)}",
        SUITE,
        str(target),
        *((mirror,) if mirror else ()),
    ]
    code, said = _run_and_end_with_all_children(command, lock)
    if code != 0:
        raise _failure(said)


def _run_and_end_with_all_children(command: Sequence[str], lock: int) -> tuple[int, str]:
    """Its exit code and words; nothing it started outlives an interruption or the time-out."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
        pass_fds=(lock,),
    ) as process:
        try:
            said, _ = process.communicate(timeout=_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)
            raise _failure(f"no end after {_TIMEOUT_SECONDS} s: Connection timed out") from error
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return process.returncode, said


def _failure(said: str) -> ConfigurationError:
    told = [line for line in said.splitlines() if line.startswith(("E:", "Err:"))] or [said[-500:]]
    if "No space left" in said:
        advice = "The disk is full: make room, or point XDG_CACHE_HOME at a larger disk."
    elif any(word in said for word in ("resolve", "onnect", "Failed to fetch", "Release file")):
        advice = (
            "Debian's packages can't be reached, or the mirror has no Debian testing: check the "
            "network, the proxy and the first entry of /etc/apt/sources.list.d."
        )
    else:
        advice = "Run the command again; it begins anew."
    return ConfigurationError(
        "mmdebstrap could not fetch Asterisk: " + " / ".join(told[-3:]),
        advice=f"{advice} {_INSTALL_YOURSELF}",
    )


def _mend_sounds(sounds: Path) -> None:
    """Without install scripts `en` is missing, and links lead out of the tree to nowhere."""
    for entry in sounds.iterdir():
        if entry.is_symlink() and not entry.exists():
            entry.unlink()
            entry.mkdir()
    english = sounds / "en"
    voices = sorted(sounds.glob("en_US_*"))
    if voices and not english.exists():
        english.symlink_to(voices[0].name)


def _remove(folder: Path) -> None:
    """Remove a tree, but nothing that somebody has mounted into it."""
    mounts = _mounts_in(folder)
    if mounts:
        raise ConfigurationError(
            "something is mounted inside a folder that has to be made anew",
            advice=f"As root: umount {' '.join(mounts)}",
            where=str(folder),
        )
    if folder.exists():
        shutil.rmtree(folder)


def _mounts_in(folder: Path) -> list[str]:
    lines = _MOUNTS.read_text(errors="replace").splitlines() if _MOUNTS.exists() else []
    points = [line.split()[1] for line in lines]
    return [point for point in points if Path(point).is_relative_to(folder.resolve())]
