"""The manifest of a model artefact: what it is, what it was made of, and the hash of every file.

It is sealed: `seal` is the SHA-256 of the text without it, and the file is compared byte by byte with
what training would have written, so that no figure and no label can change unnoticed. The seal finds
damage and slips; whoever may write to the folder can seal anew.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ivr.errors import ModelUnusableError
from ivr.steering.text import NORMALISATION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FORMAT = 4
MANIFEST = "manifest.json"
ADVICE = "run `sternik train`, or put another version in service (`sternik model list`)"

_OBJECTS = ("inputs", "files", "hearing", "metrics", "seeds", "libraries")
_FEWEST_LABELS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an artefact is and what it was made of.

    `created` is UTC in ISO 8601. `inputs` maps all that training read to its sha256; `content` is the
    hash of them together, `corpus` that of the corpus files alone, with `utterances` sentences.
    `normalisation` is that of the training texts (`ivr.steering.text.NORMALISATION`). `files` maps
    every file of the artefact but the manifest to its sha256; `hearing` names, by role, those that
    the recognisers are told: phrases, grammars, other speech, language model, dictionary. `intents`
    are the labels in the classifier's order; `metrics` the main figures of the report.
    """

    format: int
    version: str
    language: str
    created: str
    content: str
    corpus: str
    utterances: int
    normalisation: int
    inputs: Mapping[str, str]
    files: Mapping[str, str]
    hearing: Mapping[str, str]
    intents: tuple[str, ...]
    metrics: Mapping[str, float]
    seeds: Mapping[str, int]
    libraries: Mapping[str, str]


def manifest_json(manifest: Manifest) -> str:
    """Write a manifest, sealed, as `read_manifest` reads it."""
    return sealed_json(asdict(manifest))


def sealed_json(fields: Mapping[str, object]) -> str:
    """Write the fields of a manifest with a fresh seal."""
    unsealed = {name: value for name, value in fields.items() if name != "seal"}
    seal = hashlib.sha256(_text(unsealed).encode()).hexdigest()
    return _text({**unsealed, "seal": seal})


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest; raises `ModelUnusableError` with what to do."""
    fields, text = _read_fields(path)
    if fields.get("format") != FORMAT:
        raise unusable(path, f"format {fields.get('format')!r}, this program reads {FORMAT}")
    if sealed_json(fields) != text:
        raise unusable(path, "is not what training wrote (its seal does not fit)")
    if fields.get("normalisation") != NORMALISATION:
        made_for = fields.get("normalisation")
        raise unusable(path, f"made for normalisation {made_for!r} of texts, not {NORMALISATION}")
    problem = _problem(fields)
    if problem:
        raise unusable(path, problem)
    try:
        del fields["seal"]
        return Manifest(**{**fields, "intents": tuple(fields["intents"])})
    except (KeyError, TypeError) as error:
        raise unusable(path, f"no usable manifest ({error})") from error


def unusable(where: Path, problem: str, advice: str = ADVICE) -> ModelUnusableError:
    """Say what is wrong with an artefact, where, and what to do."""
    return ModelUnusableError(f"{where}: {problem}; {advice}")


def _read_fields(path: Path) -> tuple[dict[str, Any], str]:
    try:
        text = path.read_text(encoding="utf-8")
        fields = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise unusable(path, f"no usable manifest ({error})") from error
    if not isinstance(fields, dict):
        raise unusable(path, "no usable manifest (not a JSON object)")
    return fields, text


def _problem(fields: Mapping[str, object]) -> str:
    """Say what makes the fields unusable; '' when nothing does."""
    wrong = [name for name in _OBJECTS if not isinstance(fields.get(name), dict)]
    if wrong:
        return f"{', '.join(wrong)}: not objects"
    labels = fields.get("intents")
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        return "the labels (intents) are not a list of texts"
    if len(set(labels)) != len(labels) or len(labels) < _FEWEST_LABELS:
        return f"labels are missing or listed twice: {', '.join(labels) or 'none'}"
    return _hearing_problem(fields)


def _hearing_problem(fields: Mapping[str, object]) -> str:
    hearing, files = fields["hearing"], fields["files"]
    assert isinstance(hearing, dict) and isinstance(files, dict)  # noqa: S101, PT018 (just checked)
    absent = sorted(str(name) for name in hearing.values() if name not in files)
    return f"files for hearing are not listed: {', '.join(absent)}" if absent else ""


def _text(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
