"""What a training reads: corpus, extra pronunciations and the training code itself."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.errors import ConfigurationError, ModelUnusableError
from ivr.models import intent_features
from ivr.models.artefact import FORMAT, load_artefact, sha256_of
from ivr.steering import text

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def needs_training(root: Path, language: str, sources: TrainingSources) -> bool:
    """Whether the current artefact is missing, damaged, or made of other inputs; some ms.

    Made with sentence embeddings or without makes no difference: that was somebody's choice.
    """
    inputs = training_inputs(sources)
    try:
        artefact = load_artefact(root, language)
    except ModelUnusableError:
        return True
    made_with = {
        name: sha256
        for name, sha256 in artefact.manifest.inputs.items()
        if name.startswith(_EMBEDDINGS)
    }
    return artefact.manifest.content != content_hash({**inputs, **made_with}, language)
