"""Which Asterisk runs: one that is installed, else a local tree of Debian testing's package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ivr.errors import ConfigurationError
from sternik.asterisk.tree import AsteriskTree, multiarch_name
from sternik.cache import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OLDEST_MAJOR: Final = 22

_VERSION: Final = re.compile(r"Asterisk (?:certified[/-]|GIT-)?(\d+)\S*")
_VERSION_TIMEOUT_SECONDS: Final = 10
_NEEDED_MODULES: Final = (
    "app_audiosocket.so",
    "app_queue.so",
    "chan_pjsip.so",
    "res_agi.so",
    "res_audiosocket.so",
)
_USUAL_MODULE_FOLDERS: Final = (
    f"/usr/lib/{multiarch_name() or ''}/asterisk/modules",
    "/usr/lib/asterisk/modules",
    "/usr/lib64/asterisk/modules",
    "/usr/local/lib/asterisk/modules",
)
_USUAL_DATA_FOLDERS: Final = (
    "/usr/share/asterisk",
    "/var/lib/asterisk",
    "/usr/local/share/asterisk",
)


class AsteriskOrigin(StrEnum):
    """Where the programs come from. The value is what a person reads."""

    INSTALLED = "installed"
    LOCAL_TREE = "local tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskPrograms:
    """An Asterisk that can be started.

    `command` comes before the options (`-C /absolute/asterisk.conf -f`, or `-C … -rx "…"`; with
    a path that is not absolute Asterisk falls back to its built-in folders). The configuration must
    give `modules_folder` as `astmoddir` and `data_folder` as `astdatadir`: without the XML
    documentation in there Asterisk does not start. `sounds_folder` holds the English sounds; None
    when there are none.
    """

    command: tuple[str, ...]
    modules_folder: Path
    data_folder: Path
    sounds_folder: Path | None
    version: str
    origin: AsteriskOrigin


def provide_asterisk(say: Callable[[str], None]) -> AsteriskPrograms:
    """A usable Asterisk, made if there is none (half a minute and 280 MB in the cache folder).

    `say` gets a line a step. Raises `ConfigurationError` with advice when none can be had.
    """
    installed = find_installed(say=say)
    if installed is not None:
        return installed
    tree = AsteriskTree(cache_folder() / "asterisk-tree")
    tree.make_if_missing(say)
    return programs_of_tree(tree)


def find_asterisk() -> AsteriskPrograms | None:
    """The Asterisk that `provide_asterisk` would give, or None when one has to be made first."""
    tree = AsteriskTree(cache_folder() / "asterisk-tree")
    return find_installed() or (programs_of_tree(tree) if tree.is_made() else None)


def find_installed(
    *,
    search_path: str | None = None,
    configuration: Path = Path("/etc/asterisk/asterisk.conf"),
    say: Callable[[str], None] = lambda _line: None,
) -> AsteriskPrograms | None:
    """The Asterisk on `search_path` (default: PATH); None, and why is said, when it is no use."""
    program = shutil.which(
        "asterisk", path=search_path or f"{os.environ.get('PATH', '')}:/usr/sbin"
    )
    if program is None:
        return None
    try:
        version = read_version((program,))
        folders = _configured_folders(configuration)
        modules = _first_with(
            _NEEDED_MODULES, (folders.get("astmoddir"), *_USUAL_MODULE_FOLDERS), "modules"
        )
        data = _first_with(
            ("documentation",), (folders.get("astdatadir"), *_USUAL_DATA_FOLDERS), "documentation"
        )
    except ConfigurationError as error:
        say(f"{program} is not used: {error.problem}")
        return None
    return AsteriskPrograms(
        command=(program,),
        modules_folder=modules,
        data_folder=data,
        sounds_folder=_sounds(data),
        version=version,
        origin=AsteriskOrigin.INSTALLED,
    )


def programs_of_tree(tree: AsteriskTree) -> AsteriskPrograms:
    """The programs of a tree that is made. Raises `ConfigurationError` when they do not run."""
    return AsteriskPrograms(
        command=tree.command,
        modules_folder=tree.modules_folder,
        data_folder=tree.data_folder,
        sounds_folder=_sounds(tree.data_folder),
        version=read_version(tree.command),
        origin=AsteriskOrigin.LOCAL_TREE,
    )


def read_version(command: Sequence[str]) -> str:
    """What `-V` says, such as "22.10.1". Raises `ConfigurationError` when it is no use."""
    try:
        answer = subprocess.run(
            [*command, "-V"],
            capture_output=True,
            check=True,
            text=True,
            timeout=_VERSION_TIMEOUT_SECONDS,
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ConfigurationError(f"it does not run: {error}", where=command[-1]) from error
    match = _VERSION.search(answer)
    if match is None:
        raise ConfigurationError(f"its version is unknown: {answer!r}", where=command[-1])
    if int(match[1]) < OLDEST_MAJOR:
        raise ConfigurationError(
            f"it is version {match[1]}; {OLDEST_MAJOR} or newer is needed", where=command[-1]
        )
    return match[0].removeprefix("Asterisk ").partition("+")[0]


def _configured_folders(configuration: Path) -> dict[str, str]:
    """What `[directories]` sets; a template, `[directories](!)`, sets nothing."""
    try:
        lines = configuration.read_text(errors="replace").splitlines()
    except OSError:
        return {}
    folders: dict[str, str] = {}
    section = ""
    for line in (line.partition(";")[0].strip() for line in lines):
        if line.startswith("["):
            section = line
        elif section == "[directories]" and "=" in line:
            name, _, value = line.partition("=")
            folders[name.strip()] = value.removeprefix(">").strip()
    return folders


def _first_with(names: Sequence[str], folders: Sequence[str | None], what: str) -> Path:
    for folder in folders:
        if folder and all((Path(folder) / name).exists() for name in names):
            return Path(folder)
    raise ConfigurationError(
        f"no folder holds its {what} ({', '.join(names)})",
        advice="Install Asterisk's modules, or set the folder in /etc/asterisk/asterisk.conf.",
    )


def _sounds(data_folder: Path) -> Path | None:
    sounds = data_folder / "sounds" / "en"
    return sounds if sounds.is_dir() else None
