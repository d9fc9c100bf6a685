"""What `sternik model list` and `show` tell: the versions there are, and one of them in full."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ivr.errors import ModelUnusableError
from ivr.models.artefact import FileCheck, check_files
from ivr.models.manifest import MANIFEST, Manifest, read_manifest
from ivr.models.model_check import open_classifier

if TYPE_CHECKING:
    from ivr.models.registry import ListedVersion, ModelRegistry
    from ivr.models.service_history import ServiceChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """One version in full; `problem` is '' when it can be put in service."""

    version: str
    manifest: Manifest
    files: tuple[FileCheck, ...]
    problem: str
    state: str
    history: tuple[ServiceChange, ...]


def state_of(registry: ModelRegistry, version: str) -> str:
    """Whether a version is in service or was the one before; '' for all others."""
    return {registry.current: "in service", registry.before: "before"}.get(version, "")


def examine(registry: ModelRegistry, version: str) -> Details:
    """Look at a version closely; raises `ModelUnusableError` when not even its manifest can be read."""
    folder = registry.folder_of(version)
    manifest = read_manifest(folder / MANIFEST)
    problem = ""
    try:
        open_classifier(registry.load(version))
    except ModelUnusableError as error:
        problem = str(error)
    return Details(
        version=version,
        manifest=manifest,
        files=tuple(check_files(folder, manifest)),
        problem=problem,
        state=state_of(registry, version),
        history=tuple(
            change for change in registry.history() if version in {change.left, change.entered}
        ),
    )


def as_json(registry: ModelRegistry) -> dict[str, object]:
    """All versions for programs."""
    return {
        "language": registry.language,
        "in_service": registry.current or None,
        "before": registry.before or None,
        "versions": [_listed_json(listed) for listed in registry.versions()],
        "history": [change.as_json() for change in registry.history()],
    }


def details_as_json(details: Details) -> dict[str, object]:
    """One version for programs; null where there is no problem."""
    return {
        "version": details.version,
        "state": details.state or None,
        "problem": details.problem or None,
        "manifest": asdict(details.manifest),
        "files": [
            {"name": check.name, "sha256": check.sha256 or None, "problem": check.problem or None}
            for check in details.files
        ],
        "history": [change.as_json() for change in details.history],
    }


def _listed_json(listed: ListedVersion) -> dict[str, object]:
    manifest = listed.manifest
    if manifest is None:
        return {"version": listed.version, "problem": listed.problem}
    return {
        "version": listed.version,
        "problem": listed.problem or None,
        "created": manifest.created,
        "corpus": manifest.corpus,
        "utterances": manifest.utterances,
        "intents": len(manifest.intents),
        "metrics": dict(manifest.metrics),
    }
