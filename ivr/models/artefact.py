"""A model artefact: everything made from one corpus, swapped together.

`<root>/<language>/<version>/` holds the files; the text file `<root>/<language>/current` names the
version in use. A version's folder appears whole or not at all, and `current` changes in one step.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from ivr.steering.text import NORMALISATION

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 3
MANIFEST = "manifest.json"
CURRENT = "current"
PHRASES = "open_question.txt"
GRAMMARS = "grammars.json"
OTHER_SPEECH = "other_speech.txt"
LANGUAGE_MODEL = "open_question.arpa"
DICTIONARY = "dictionary.dict"
REPORT = "report.json"
REPORT_PAGE = "report.html"
FILES = ("classifier.json", "classifier.npz", PHRASES, GRAMMARS, OTHER_SPEECH, REPORT, REPORT_PAGE)
POCKETSPHINX_FILES = (LANGUAGE_MODEL, DICTIONARY)
"""Only in artefacts of a language that PocketSphinx has pronunciations for."""

_ADVICE = "run `sternik train`"
_VERSION = re.compile(r"[a-z]{2}-[0-9a-z-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an artefact is and what it was made of.

    `inputs` maps what training read to its sha256; `files` every file of the artefact but the
    manifest; `created` is UTC in ISO 8601; `metrics` are the out-of-fold figures of the report;
    `normalisation` is that of the training texts (`ivr.steering.text.NORMALISATION`).
    """

    format: int
    version: str
    language: str
    created: str
    content: str
    normalisation: int
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    intents: tuple[str, ...]
    metrics: Mapping[str, float]
    libraries: Mapping[str, str]


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
    def report(self) -> Path:
        """The training report, JSON."""
        return self.folder / REPORT


def load_artefact(root: Path, language: str) -> ModelArtefact:
    """Verify and return the artefact that `<root>/<language>/current` names.

    Raises `ModelUnusableError`, with what to do, when there is none or it is not as it was written.
    """
    pointer = root / language / CURRENT
    try:
        version = pointer.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(pointer, f"no {language!r} model here") from error
    if not _VERSION.fullmatch(version):
        raise _unusable(pointer, f"names no version: {version[:60]!r}")
    artefact = read_artefact(root / language / version)
    if (artefact.version, artefact.manifest.language) != (version, language):
        raise _unusable(artefact.folder, "the manifest is another artefact's")
    return artefact


def read_artefact(folder: Path) -> ModelArtefact:
    """Verify and return the artefact in `folder`; raises `ModelUnusableError`."""
    manifest = _read_manifest(folder / MANIFEST)
    missing = sorted(set(FILES) - set(manifest.files))
    if missing:
        raise _unusable(folder, f"the manifest lacks {', '.join(missing)}")
    for name, expected in manifest.files.items():
        try:
            found = sha256_of(folder / Path(name).name)
        except OSError as error:
            raise _unusable(folder / name, f"cannot be read ({error.strerror})") from error
        if found != expected:
            raise _unusable(folder / name, "is not what training wrote (its hash differs)")
    return ModelArtefact(folder=folder, manifest=manifest)


def sha256_of(path: Path) -> str:
    """Hash a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_json(manifest: Manifest) -> str:
    """Write a manifest as `load_artefact` reads it."""
    return json.dumps(asdict(manifest), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _read_manifest(path: Path) -> Manifest:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        found = fields["format"]
        if found != FORMAT:
            raise _unusable(path, f"format {found!r}, this program reads {FORMAT}")
        manifest = Manifest(**{**fields, "intents": tuple(fields["intents"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"no usable manifest ({error})") from error
    if manifest.normalisation != NORMALISATION:
        problem = f"made for normalisation {manifest.normalisation!r} of texts, not {NORMALISATION}"
        raise _unusable(path, problem)
    if not isinstance(manifest.files, dict) or not isinstance(manifest.inputs, dict):
        raise _unusable(path, "files and inputs are not objects")
    return manifest


def _unusable(where: Path, problem: str) -> ModelUnusableError:
    return ModelUnusableError(f"{where}: {problem}; {_ADVICE}")
