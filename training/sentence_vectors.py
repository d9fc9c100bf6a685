"""Sentence embeddings of a whole corpus, each text once, on several cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed

from ivr.models.sentence_embedding import (
    DIMENSIONS,
    EmbeddingFile,
    SentenceEmbedder,
    installed_embedding,
)
from training.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_CHUNK = 200


class SentenceVectors:
    """The vectors (384,) of the texts that it was made of, and which model made them."""

    def __init__(
        self, texts: Sequence[str], vectors: npt.NDArray[np.float32], file: EmbeddingFile
    ) -> None:
        self._rows = {text: row for row, text in enumerate(texts)}
        self._vectors = vectors
        self.file = file

    def __contains__(self, text: str) -> bool:
        """Whether it has the vector of a text."""
        return text in self._rows

    def of(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Vectors (n_texts, 384); raises `KeyError` for a text that it was not made of."""
        if not texts:
            return np.zeros((0, DIMENSIONS))
        return self._vectors[[self._rows[text] for text in texts]].astype(np.float64)


def embed_texts(
    texts: Sequence[str],
    processes: int,
    progress: Progress = silent,
    *,
    known: SentenceVectors | None = None,
) -> SentenceVectors:
    """Embed distinct normalised texts, some ten milliseconds of a core each.

    What is `known` is not computed again, if the same model made it. Raises `ModelUnusableError`
    when `sternik[embeddings]` is not installed.
    """
    file = installed_embedding()
    if known is None or known.file != file:
        known = SentenceVectors((), np.zeros((0, DIMENSIONS), np.float32), file)
    new = [text for text in texts if text not in known]
    chunks = [new[start : start + _CHUNK] for start in range(0, len(new), _CHUNK)]
    parts: list[npt.NDArray[np.float32]] = []
    jobs = min(processes, len(chunks)) or 1
    with Parallel(n_jobs=jobs, return_as="generator") as pool:
        for part in pool(delayed(_embedded)(chunk, file) for chunk in chunks):
            parts.append(part)
            progress("embedding sentences", 0.05 * len(parts) / len(chunks))
    old = [text for text in texts if text in known]
    vectors = np.concatenate([known.of(old).astype(np.float32), *parts])
    return SentenceVectors([*old, *new], vectors, file)


_loaded: dict[EmbeddingFile, SentenceEmbedder] = {}


def _embedded(texts: Sequence[str], file: EmbeddingFile) -> npt.NDArray[np.float32]:
    embedder = _loaded.get(file)
    if embedder is None:
        embedder = _loaded[file] = SentenceEmbedder.load(file)
    return np.array([embedder.vector(text) for text in texts], np.float32)
