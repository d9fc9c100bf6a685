"""What a training reads: corpus, extra pronunciations and the training code itself."""

from __future__ import annotations

import hashlib
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models import intent_features
from ivr.models.artefact import FORMAT, load_artefact, sha256_of
from ivr.models.registry import ModelRegistry
from ivr.models.service_history import ChangeKind
from ivr.steering import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ivr.models.artefact import Manifest
    from ivr.models.sentence_embedding import EmbeddingFile
    from training.sources import TrainingSources

_EMBEDDINGS = "embeddings/"
_CODE = (
    *sorted(Path(__file__).parent.glob("*.py")),
    Path(text.__file__),
    Path(intent_features.__file__),
)


def training_inputs(sources: TrainingSources) -> Mapping[str, str]:
    """Map everything that decides what training makes to its sha256.

    Files are named by their order and name, not by their folder, so that a moved checkout is the
    same. Raises `ConfigurationError` for a file that cannot be read.
    """
    named = {f"corpus/{number}-{path.name}": path for number, path in enumerate(sources.corpus)}
    named |= {f"others/{path.name}": path for path in sources.others}
    try:
        inputs = {name: sha256_of(path) for name, path in named.items()}
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read ({error.strerror})", advice="check the path", where=str(error.filename)
        ) from error
    return inputs | {f"code/{path.name}": sha256_of(path) for path in _CODE}


def embedding_input(file: EmbeddingFile) -> Mapping[str, str]:
    """What a training with sentence embeddings reads besides: the installed embedding model."""
    return {f"{_EMBEDDINGS}{file.name}": file.sha256}


def content_hash(inputs: Mapping[str, str], language: str) -> str:
    """Hash the inputs together: equal hashes mean equal artefacts."""
    lines = [f"format {FORMAT} {language}", *(f"{name} {inputs[name]}" for name in sorted(inputs))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def corpus_hash(inputs: Mapping[str, str]) -> str:
    """Hash the corpus files alone: equal hashes mean that the same sentences were trained on."""
    lines = [f"{name} {inputs[name]}" for name in sorted(inputs) if name.startswith("corpus/")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class ModelNeed(Enum):
    """What is to be done so that the model of these inputs is in service.

    `DECISION`: there is one, but people have put another in service since, or not this one yet.
    """

    NOTHING = "it is in service"
    TRAINING = "there is none"
    PROMOTION = "there is one, and nobody has decided against it"
    DECISION = "there is one, and people decide"


def model_need(root: Path, language: str, sources: TrainingSources) -> tuple[ModelNeed, str]:
    """What is needed, and the version that was made of these inputs ('' when there is none)."""
    inputs = training_inputs(sources)
    registry = ModelRegistry(root, language)
    made = [
        listed.version
        for listed in registry.versions()
        if listed.manifest and not listed.problem and _made_of(listed.manifest, inputs)
    ]
    if not made:
        return ModelNeed.TRAINING, ""
    if registry.current in made:
        return ModelNeed.NOTHING, registry.current
    changes = registry.history()
    automatic = not changes or changes[-1].kind is ChangeKind.AUTOMATIC
    served = {change.entered for change in changes}
    if not registry.has_usable or (automatic and served & set(made)):
        return ModelNeed.PROMOTION, made[-1]
    return ModelNeed.DECISION, made[-1]


def needs_training(root: Path, language: str, sources: TrainingSources) -> bool:
    """Whether the current artefact is missing, damaged, or made of other inputs; some ms."""
    try:
        artefact = load_artefact(root, language)
    except ModelUnusableError:
        return True
    return not _made_of(artefact.manifest, training_inputs(sources))


def _made_of(manifest: Manifest, inputs: Mapping[str, str]) -> bool:
    """With sentence embeddings or without makes no difference: that was somebody's choice."""
    embeddings = {
        name: sha256 for name, sha256 in manifest.inputs.items() if name.startswith(_EMBEDDINGS)
    }
    return manifest.content == content_hash({**inputs, **embeddings}, manifest.language)
