"""A model artefact: everything made from one corpus, swapped together.

`<root>/<language>/<version>/` holds the files; the text file `<root>/<language>/current` names the
version in use. A version's folder appears whole or not at all, and `current` changes in one step.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.models.manifest import (
    ADVICE,
    FORMAT,
    MANIFEST,
    Manifest,
    manifest_json,
    read_manifest,
    unusable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FORMAT", "MANIFEST", "Manifest", "ModelArtefact", "load_artefact", "manifest_json"]

CURRENT = "current"
PHRASES = "open_question.txt"
GRAMMARS = "grammars.json"
OTHER_SPEECH = "other_speech.txt"
LANGUAGE_MODEL = "open_question.arpa"
DICTIONARY = "dictionary.dict"
REPORT = "report.json"
MODEL_CARD = "MODEL_CARD.md"
REPORT_PAGE = "report.html"
CLASSIFIER = ("classifier.json", "classifier.npz")
FILES = (*CLASSIFIER, PHRASES, GRAMMARS, OTHER_SPEECH, REPORT, REPORT_PAGE, MODEL_CARD)
POCKETSPHINX_FILES = (LANGUAGE_MODEL, DICTIONARY)
"""Only in artefacts of a language that PocketSphinx has pronunciations for."""

HEARING = {
    "phrases": PHRASES,
    "grammars": GRAMMARS,
    "other_speech": OTHER_SPEECH,
    "language_model": LANGUAGE_MODEL,
    "dictionary": DICTIONARY,
}
"""Files that recognisers are told, by their role in the manifest."""

_VERSION = re.compile(r"[a-z]{2}-[0-9a-z-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelArtefact:
    """A verified artefact: every file is there and has the hash that its manifest names."""

    folder: Path
    manifest: Manifest

    @property
    def version(self) -> str:
        """The name under which decisions refer to it."""
        return self.manifest.version

    @property
    def phrases(self) -> Path:
        """What callers say to the open question, one normalised phrase a line."""
        return self.folder / PHRASES

    @property
    def grammars(self) -> Path:
        """The small grammars, JSON: grammar, meaning, phrases (see `ivr.models.grammars`)."""
        return self.folder / GRAMMARS

    @property
    def other_speech(self) -> Path:
        """General words that no phrase holds, one a line; may be empty."""
        return self.folder / OTHER_SPEECH

    @property
    def language_model(self) -> Path:
        """PocketSphinx's ARPA file of the open question."""
        return self.folder / LANGUAGE_MODEL

    @property
    def dictionary(self) -> Path:
        """PocketSphinx's pronunciations of all words that it may hear."""
        return self.folder / DICTIONARY

    @property
    def model_card(self) -> Path:
        """What the model is for and how good it is, Markdown."""
        return self.folder / MODEL_CARD

    @property
    def report(self) -> Path:
        """The training report, JSON."""
        return self.folder / REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """One file of an artefact held against its manifest; `problem` is '' when it is as written.

    `sha256` is what the manifest says, '' for a file that it does not name.
    """

    name: str
    sha256: str
    problem: str = ""


def load_artefact(root: Path, language: str) -> ModelArtefact:
    """Verify and return the artefact that `<root>/<language>/current` names.

    Raises `ModelUnusableError`, with what to do, when there is none or it is not as it was written.
    """
    return load_version(root, language, current_version(root, language))


def current_version(root: Path, language: str) -> str:
    """Name the version in service, unchecked; raises `ModelUnusableError` when nothing does."""
    pointer = root / language / CURRENT
    try:
        version = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise unusable(pointer, f"no {language!r} model here") from error
    if not is_version(version):
        raise unusable(pointer, f"names no version: {version[:60]!r}")
    return version


def is_version(name: str) -> bool:
    """Whether a folder of this name may hold an artefact."""
    return _VERSION.fullmatch(name) is not None


def load_version(root: Path, language: str, version: str) -> ModelArtefact:
    """Verify and return one version; raises `ModelUnusableError`."""
    if not is_version(version):
        raise unusable(root / language, f"not a name of a version: {version[:60]!r}")
    artefact = read_artefact(root / language / version)
    if (artefact.version, artefact.manifest.language) != (version, language):
        raise unusable(artefact.folder, "the manifest is another artefact's")
    return artefact


def read_artefact(folder: Path) -> ModelArtefact:
    """Verify and return the artefact in `folder`; raises `ModelUnusableError`."""
    if not folder.is_dir():
        raise unusable(folder, "there is no such version")
    manifest = read_manifest(folder / MANIFEST)
    missing = sorted(set(FILES) - set(manifest.files))
    if missing:
        raise unusable(folder, f"the manifest lacks {', '.join(missing)}")
    for check in check_files(folder, manifest):
        if check.problem:
            advice = ADVICE if check.sha256 else "take it away, if nobody knows what it is for"
            raise unusable(folder / check.name, check.problem, advice)
    return ModelArtefact(folder=folder, manifest=manifest)


def check_files(folder: Path, manifest: Manifest) -> Iterator[FileCheck]:
    """Hold every file in `folder` against the manifest; the manifest itself is checked as it is read."""
    for name, expected in sorted(manifest.files.items()):
        yield FileCheck(name=name, sha256=expected, problem=_problem(folder, name, expected))
    for path in sorted(folder.iterdir()):
        if path.name != MANIFEST and path.name not in manifest.files:
            yield FileCheck(name=path.name, sha256="", problem="does not belong to the artefact")


def sha256_of(path: Path) -> str:
    """Hash a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(folder: Path, name: str, expected: str) -> str:
    if Path(name).name != name:
        return "is no name of a file in this folder"
    try:
        found = sha256_of(folder / name)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if found == expected else "is not what training wrote (its hash differs)"
