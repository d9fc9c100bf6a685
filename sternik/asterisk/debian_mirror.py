"""Where this machine gets its Debian packages, read from apt's own sources."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONE_LINE: Final = re.compile(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.+)")
_RELEASES: Final = frozenset(
    ("bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    mirror: str
    suites: tuple[str, ...]
    components: tuple[str, ...]

    @property
    def is_release(self) -> bool:
        """Whether it is a release of Debian: no security updates, and hardly a vendor's archive."""
        return "main" in self.components and not _RELEASES.isdisjoint(self.suites)

    @property
    def is_named_as_usual(self) -> bool:
        """Whether the address ends as Debian's mirrors do; a company's own need not."""
        return self.mirror.rstrip("/").endswith("/debian")


def read_debian_mirror(apt_folder: Path = Path("/etc/apt")) -> str | None:
    """The first mirror that apt takes Debian's main packages from; None when there is none.

    Sources may be one-line (`*.list`) or deb822 (`*.sources`); see sources.list(5).
    """
    releases = [source for source in _sources(apt_folder) if source.is_release]
    releases.sort(key=lambda source: not source.is_named_as_usual)
    return releases[0].mirror if releases else None


def _sources(apt_folder: Path) -> Iterator[_Source]:
    parts = apt_folder / "sources.list.d"
    for path in (apt_folder / "sources.list", *sorted(parts.glob("*"))):
        if not path.is_file():
            continue
        text = path.read_text(errors="replace")
        if path.suffix == ".sources":
            yield from _deb822_sources(text)
        elif path.suffix == ".list":
            yield from _one_line_sources(text)


def _one_line_sources(text: str) -> Iterator[_Source]:
    for line in text.splitlines():
        match = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if match:
            components = tuple(match[3].split())
            yield _Source(mirror=match[1], suites=(match[2],), components=components)


def _deb822_sources(text: str) -> Iterator[_Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = _fields(stanza)
        enabled = (fields.get("enabled") or ["yes"])[0].lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", []) and fields.get("uris"):
            yield _Source(
                mirror=fields["uris"][0],
                suites=tuple(fields.get("suites", ())),
                components=tuple(fields.get("components", ())),
            )


def _fields(stanza: str) -> dict[str, list[str]]:
    """A stanza's fields as words, by lower-case name; a line that begins with space goes on."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        if not line[:1].isspace():
            name, _, line = line.partition(":")  # noqa: PLW2901
            name = name.strip().lower()
        fields.setdefault(name, []).extend(line.split())
    return fields
