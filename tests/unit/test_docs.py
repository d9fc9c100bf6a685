"""What the documents name exists: files, headings, commands, settings, targets of make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from sternik.cli import app
from sternik.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDERS = (
    *("benchmarks", "cti_api", "dialplan", "docker", "docs", "ivr", "scripts", "sternik"),
    *("tests", "training"),
)
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for name in FOLDERS for path in (ROOT / name).rglob("*.md"))]
)
# What the guides tell readers to make.
EXAMPLES = frozenset(
    {
        "dialplan/prompts/en/",
        "dialplan/prompts/en/greeting.wav",
        "dialplan/prompts/hold/",
        "sternik/extensions.conf",
        "training/corpus/en-branches.csv",
        "training/corpus/en-calls.csv",
    }
)

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
CODE = re.compile(r"`([^`\n]+)`|^ {4}(?!\s*\* )(.+)$", re.MULTILINE)
COMMAND = re.compile(r"(?<![\w./-])(?:\.venv/bin/)?sternik ([a-z][a-z-]*)")
MAKE = re.compile(r"(?<![\w./-])make ([a-z]+)")
VARIABLE = re.compile(r"\bSTERNIK_[A-Z0-9_]*[A-Z0-9]\b")
PATH = re.compile(rf"(?<![\w./$-])(?:{'|'.join(FOLDERS)})/[\w./-]*")


def code_of(text: str) -> Iterator[str]:
    """What stands in backticks or in an indented block."""
    for match in CODE.finditer(text):
        yield match[1] or match[2]


def found(pattern: re.Pattern[str], text: str) -> set[str]:
    return {name for code in code_of(text) for name in pattern.findall(code)}


def anchors(document: Path) -> set[str]:
    """The headings as GitHub links to them."""
    titles = HEADING.findall(document.read_text("utf-8"))
    kept = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {title.replace(" ", "-") for title in kept}


def settings() -> set[str]:
    return {f"STERNIK_{name.upper()}" for name in Settings.model_fields}


def known_variables() -> set[str]:
    """Those of Sternik, and those that it shares with the dialplan."""
    places = (
        ROOT / "Makefile",
        ROOT / "benchmarks" / "measuring_data.py",
        ROOT / "dialplan" / "extensions.conf",
        ROOT / "ivr" / "asterisk" / "channel_variables.py",
    )
    return settings() | {
        name for place in places for name in VARIABLE.findall(place.read_text("utf-8"))
    }


def broken_links(document: Path, text: str) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield target


def missing_paths(text: str) -> set[str]:
    named = {path.rstrip(".") for path in found(PATH, text)} - EXAMPLES
    return {path for path in named if not (ROOT / path).exists()}


def each_document() -> pytest.MarkDecorator:
    names = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
    return pytest.mark.parametrize("document", DOCUMENTS, ids=names)


@each_document()
def test_links_and_pictures_lead_somewhere(document: Path) -> None:
    assert list(broken_links(document, document.read_text("utf-8"))) == []


@each_document()
def test_paths_named_in_documents_exist(document: Path) -> None:
    assert missing_paths(document.read_text("utf-8")) == set()


@each_document()
def test_commands_named_in_documents_exist(document: Path) -> None:
    commands = set(typer.main.get_group(app).commands)
    assert found(COMMAND, document.read_text("utf-8")) - commands == set()


@each_document()
def test_make_targets_named_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert found(MAKE, document.read_text("utf-8")) - targets == set()


@each_document()
def test_variables_named_in_documents_exist(document: Path) -> None:
    assert set(VARIABLE.findall(document.read_text("utf-8"))) - known_variables() == set()


def test_every_setting_is_in_the_telephony_engineers_guide() -> None:
    guide = (ROOT / "docs" / "telephony-engineer.md").read_text("utf-8")
    assert settings() - set(VARIABLE.findall(guide)) == set()


def test_every_decision_record_is_listed() -> None:
    folder = ROOT / "docs" / "adr"
    listed = set(LINK.findall((folder / "README.md").read_text("utf-8")))
    assert {path.name for path in folder.glob("0*.md")} == listed


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    document = tmp_path / "guide.md"
    text = (
        "# One heading\n[gone](gone.md) [there](#one-heading) [not](#another)\n"
        "`ivr/gone.py` `sternik vanish` STERNIK_NOTHING\n\n    make nothing\n"
    )
    document.write_text(text, "utf-8")
    assert list(broken_links(document, text)) == ["gone.md", "#another"]
    assert missing_paths(text) == {"ivr/gone.py"}
    assert found(COMMAND, text) == {"vanish"}
    assert found(MAKE, text) == {"nothing"}
    assert set(VARIABLE.findall(text)) - known_variables() == {"STERNIK_NOTHING"}
