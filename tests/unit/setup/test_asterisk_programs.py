from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from ivr.errors import ConfigurationError
from sternik.asterisk import programs as asterisk_programs
from sternik.asterisk import tree as asterisk_tree
from sternik.asterisk.programs import AsteriskOrigin, find_installed, read_version
from sternik.asterisk.tree import AsteriskTree
from sternik.cache import cache_folder

if TYPE_CHECKING:
    from pathlib import Path

MODULES = ("app_audiosocket", "app_queue", "chan_pjsip", "res_agi", "res_audiosocket")


def program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def installed(
    tmp_path: Path, *, says: str = "Asterisk 22.8.1", section: str = "[directories]"
) -> Path:
    """An Asterisk on its own PATH; the configuration that names its folders is returned."""
    program(tmp_path / "sbin", "asterisk", f"echo '{says}'")
    (tmp_path / "data" / "documentation").mkdir(parents=True)
    (tmp_path / "data" / "sounds" / "en").mkdir(parents=True)
    (tmp_path / "modules").mkdir()
    for module in MODULES:
        (tmp_path / "modules" / f"{module}.so").touch()
    configuration = tmp_path / "asterisk.conf"
    configuration.write_text(
        f"{section}\nastmoddir => {tmp_path / 'modules'} ; where\nastdatadir={tmp_path / 'data'}\n"
        "[options]\nastmoddir => /elsewhere\n"
    )
    return configuration


@pytest.fixture(autouse=True)
def no_usual_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asterisk_programs, "_USUAL_MODULE_FOLDERS", ())
    monkeypatch.setattr(asterisk_programs, "_USUAL_DATA_FOLDERS", ())


def test_installed_asterisk_is_used_with_the_folders_of_its_configuration(tmp_path: Path) -> None:
    configuration = installed(tmp_path)
    found = find_installed(search_path=str(tmp_path / "sbin"), configuration=configuration)
    assert found is not None
    assert found.command == (str(tmp_path / "sbin" / "asterisk"),)
    assert found.modules_folder == tmp_path / "modules"
    assert found.data_folder == tmp_path / "data"
    assert found.sounds_folder == tmp_path / "data" / "sounds" / "en"
    assert (found.version, found.origin) == ("22.8.1", AsteriskOrigin.INSTALLED)


@pytest.mark.parametrize(
    ("says", "section", "why"),
    [
        ("Asterisk 20.5.0~dfsg", "[directories]", "version 20; 22 or newer"),
        ("something else", "[directories]", "version is unknown"),
        ("Asterisk 22.1.0", "[directories](!)", "no folder holds its modules"),
    ],
)
def test_unfit_asterisk_is_passed_over_and_why_is_said(
    tmp_path: Path, says: str, section: str, why: str
) -> None:
    configuration = installed(tmp_path, says=says, section=section)
    said: list[str] = []
    path = str(tmp_path / "sbin")
    assert find_installed(search_path=path, configuration=configuration, say=said.append) is None
    assert why in said[0]


def test_asterisk_without_audiosocket_is_passed_over(tmp_path: Path) -> None:
    configuration = installed(tmp_path)
    (tmp_path / "modules" / "app_audiosocket.so").unlink()
    assert find_installed(search_path=str(tmp_path / "sbin"), configuration=configuration) is None


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("Asterisk 22.10.1+dfsg+~cs6.17.60671434-1", "22.10.1"),
        ("Asterisk certified/22.8-cert1", "certified/22.8-cert1"),
        ("Asterisk GIT-23-abc123", "GIT-23-abc123"),
        ("Asterisk 23.0.0", "23.0.0"),
    ],
)
def test_version_is_read_in_all_its_spellings(tmp_path: Path, says: str, version: str) -> None:
    path = program(tmp_path, "asterisk", f"echo '{says}'")
    assert read_version((str(path),)) == version


def test_program_that_fails_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not run"):
        read_version((str(program(tmp_path, "asterisk", "exit 1")),))
    with pytest.raises(ConfigurationError, match="does not run"):
        read_version((str(tmp_path / "none"),))


def test_cache_folder_follows_the_standard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "sternik"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "sternik"


# A stand-in for mmdebstrap: the target folder is its argument after the suite.
MAKES_TREE = """
for argument; do [ "$previous" = forky ] && target=$argument; previous=$argument; done
mkdir -p "$target/usr/share/asterisk/sounds/en_US_f_Allison" "$target/usr/lib"
ln -s /nowhere/at/all "$target/usr/share/asterisk/sounds/custom"
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def made_by(script: str, tools: Path, tmp_path: Path) -> AsteriskTree:
    program(tools, "mmdebstrap", script)
    tree = AsteriskTree(tmp_path / "cache" / "asterisk-tree")
    tree.make_if_missing(lambda _line: None)
    return tree


def test_tree_is_made_once_and_its_sounds_are_mended(tools: Path, tmp_path: Path) -> None:
    tree = made_by(MAKES_TREE, tools, tmp_path)
    assert tree.is_made()
    assert (tree.data_folder / "sounds" / "en").resolve().name == "en_US_f_Allison"
    assert (tree.data_folder / "sounds" / "custom").is_dir()
    made_by("exit 1", tools, tmp_path)


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("E: Could not resolve 'mirror.example'", "check the network"),
        ("E: write: No space left on device", "The disk is full"),
        ("E: something odd", "Run the command again"),
    ],
)
def test_failed_making_says_why_and_leaves_no_half_tree(
    tools: Path, tmp_path: Path, says: str, advice: str
) -> None:
    with pytest.raises(ConfigurationError, match=says[3:20]) as caught:
        made_by(f'{MAKES_TREE}\necho "{says}" >&2; exit 25', tools, tmp_path)
    assert advice in caught.value.advice
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["asterisk-tree.lock"]


def test_rest_of_a_killed_run_is_cleared_away(tools: Path, tmp_path: Path) -> None:
    rest = tmp_path / "cache" / "asterisk-tree.unfinished" / "usr"
    rest.mkdir(parents=True)
    (rest / "old").touch()
    tree = made_by(MAKES_TREE, tools, tmp_path)
    assert tree.is_made()
    assert not list((tmp_path / "cache").rglob("old"))


def test_full_disk_is_told_before_anything_is_fetched(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk_tree, "_NEEDED_BYTES", 2**60)
    with pytest.raises(ConfigurationError, match="MiB of disk are needed"):
        made_by("exit 1", tools, tmp_path)


def test_missing_mmdebstrap_and_strange_machine_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tree = AsteriskTree(tmp_path / "cache" / "asterisk-tree")
    with pytest.raises(ConfigurationError, match="mmdebstrap") as caught:
        tree.make_if_missing(lambda _line: None)
    assert "apt-get install mmdebstrap" in caught.value.advice
    monkeypatch.setattr(platform, "machine", lambda: "vax")
    with pytest.raises(ConfigurationError, match=r"kind of machine \(vax\)"):
        tree.make_if_missing(lambda _line: None)


def test_cache_folder_that_is_a_file_is_told(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(ConfigurationError, match="cache folder can't be made"):
        made_by(MAKES_TREE, tools, tmp_path)


def test_what_a_killed_run_left_running_is_waited_for(tools: Path, tmp_path: Path) -> None:
    # The first stand-in lives on after its parent and writes until it is told to end.
    gate, written = tmp_path / "gate", tmp_path / "written"
    os.mkfifo(gate)
    program(
        tools, "mmdebstrap", f"{MAKES_TREE}\ntouch {written}\nread line < {gate}\ntouch $target/old"
    )
    folder = tmp_path / "cache" / "asterisk-tree"
    script = f"""
from pathlib import Path
from sternik.asterisk.tree import AsteriskTree
AsteriskTree(Path({str(folder)!r})).make_if_missing(print)
"""
    with (
        subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
        ) as first,
        gate.open("w") as held,
    ):  # opens when the stand-in reads
        first.kill()
        first.wait(10)
        said: list[str] = []

        def let_go(line: str) -> None:
            said.append(line)
            if "waiting" in line:
                program(tools, "mmdebstrap", MAKES_TREE)
                held.write("go on\n")
                held.flush()

        AsteriskTree(folder).make_if_missing(let_go)
    assert "waiting for another process" in said[0]
    assert AsteriskTree(folder).is_made()
    assert not (folder / "old").exists()


def test_nothing_mounted_into_a_leftover_tree_is_removed(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "cache" / "asterisk-tree.unfinished" / "dev" / "shm"
    shared.mkdir(parents=True)
    (shared / "precious").touch()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"proc /proc proc rw 0 0\ntmpfs {shared} tmpfs rw 0 0\n")
    monkeypatch.setattr(asterisk_tree, "_MOUNTS", mounts)
    with pytest.raises(ConfigurationError, match="is mounted inside") as caught:
        made_by(MAKES_TREE, tools, tmp_path)
    assert caught.value.advice == f"As root: umount {shared}"
    assert (shared / "precious").exists()
