from __future__ import annotations

from typing import TYPE_CHECKING

from sternik.asterisk.debian_mirror import read_debian_mirror

if TYPE_CHECKING:
    from pathlib import Path

MIRROR = "http://mirror.example/debian"


def apt_folder(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        folder = tmp_path if name == "sources" else tmp_path / "sources.list.d"
        suffix = "list" if text.lstrip().startswith(("deb ", "#deb", "deb-src")) else "sources"
        (folder / f"{name}.{suffix}").write_text(text)
    return tmp_path


def stanza(uri: str, suites: str = "bookworm bookworm-updates", more: str = "") -> str:
    return f"Types: deb\n# a remark\nURIs: {uri}\nSuites: {suites}\nComponents: main\n{more}\n"


def test_deb822_sources_are_read(tmp_path: Path) -> None:
    assert read_debian_mirror(apt_folder(tmp_path, debian=stanza(MIRROR))) == MIRROR


def test_one_line_sources_are_read_with_their_options(tmp_path: Path) -> None:
    line = f"deb-src {MIRROR}/src bookworm main\n"
    line += f"deb [arch=amd64 signed-by=/a] {MIRROR} trixie main contrib # ours\n"
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    (tmp_path / "sources.list").write_text(line)
    assert read_debian_mirror(tmp_path) == MIRROR


def test_security_and_vendors_archives_are_passed_over(tmp_path: Path) -> None:
    security = stanza("http://mirror.example/debian-security", "bookworm-security")
    vendor = stanza("http://vendor.example/tools", "bookworm-pgdg")
    folder = apt_folder(tmp_path, a=vendor, b=security + "\n" + stanza(MIRROR))
    assert read_debian_mirror(folder) == MIRROR


def test_address_that_ends_like_a_debian_mirror_is_preferred(tmp_path: Path) -> None:
    folder = apt_folder(tmp_path, a=stanza("http://vendor.example/prod"), b=stanza(MIRROR))
    assert read_debian_mirror(folder) == MIRROR


def test_switched_off_source_is_passed_over(tmp_path: Path) -> None:
    off = stanza("http://off.example/debian", more="Enabled: no\n")
    folder = apt_folder(tmp_path, a=off, b=stanza(MIRROR, more="Enabled:\n"))
    assert read_debian_mirror(folder) == MIRROR


def test_machine_without_debian_sources_has_no_mirror(tmp_path: Path) -> None:
    ubuntu = stanza("http://other.example/ubuntu", "noble noble-updates")
    assert read_debian_mirror(apt_folder(tmp_path, ubuntu=ubuntu)) is None
    assert read_debian_mirror(tmp_path / "nothing") is None
