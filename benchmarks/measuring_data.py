"""Data made by others that benchmarks measure with: where it is, where outsiders get it, is it the same.

The project does not carry it. It lies in the folder that `STERNIK_DATA` names, else in `../shared/data`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "STERNIK_DATA"
DEFAULT_FOLDER = Path("../shared/data")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Files below the data folder, and the public source of them.

    `sha256` is that of one file; of several, that of the lines `sha256sum FILES` prints, with names
    sorted and without folders (`sha256sum FILES | sha256sum`, run in their folder).
    """

    name: str
    files: str
    source: str
    licence: str
    sha256: str

    def paths(self, folder: Path) -> tuple[Path, ...]:
        """The files that are there, sorted by name; none when the data is missing."""
        return tuple(sorted(folder.glob(self.files)))


BANKING77_TRAIN = DataSet(
    name="BANKING77, training part",
    files="banking77/train.csv",
    source="github.com/PolyAI-LDN/task-specific-datasets, banking_data/train.csv",
    licence="CC BY 4.0",
    sha256="b06e26ac675513959a63135f11b94ea7786ed02da65db93a5650d8838cbc664b",
)
BANKING77_TEST = DataSet(
    name="BANKING77, test part",
    files="banking77/test.csv",
    source="github.com/PolyAI-LDN/task-specific-datasets, banking_data/test.csv",
    licence="CC BY 4.0",
    sha256="d12d6e3bc4c3103966ae786dc435913c0c563dfa328f5a3646d0e62cfeeb474d",
)
NOISES = DataSet(
    name="30 noises of ESC-10, made mono, 8 kHz, 16 bit",
    files="noise_8khz/*.wav",
    source="github.com/karolpiczak/ESC-50, the clips marked esc10 in meta/esc50.csv, three a class",
    licence="CC BY 3.0",
    sha256="2abe098f3619c0a9e10018049faf7b3e6028208fd87d8cd8981b92c8db9cd62d",
)
COFFEE_ORDERS = DataSet(
    name="40 spoken coffee orders",
    files="speech/commands_16khz/*.wav",
    source="github.com/Picovoice/speech-to-intent-benchmark, data/speech",
    licence="Apache-2.0",
    sha256="1c3be83151ab9415ea31304951bd96538989e57cedc007baf354c8dd4fef720c",
)
SMART_HOME = DataSet(
    name="smart-home sentences in English, one JSON object with `text` a line",
    files="out_of_scope/en.jsonl",
    source="github.com/home-assistant/intents, tests/en",
    licence="CC BY 4.0",
    sha256="c90076ae01a587497cae08615c63ae30130ef9ff9565bee75ee08877ae1d9a5d",
)
ALL = (BANKING77_TRAIN, BANKING77_TEST, NOISES, COFFEE_ORDERS, SMART_HOME)


def data_folder() -> Path:
    """Where the data should be."""
    return Path(os.environ.get(VARIABLE) or DEFAULT_FOLDER)


def remarks(folder: Path, sets: Sequence[DataSet] = ALL) -> list[str]:
    """What is missing or other than what published figures were measured with, a line each."""
    lines = []
    for data in sets:
        paths = data.paths(folder)
        if not paths:
            lines.append(
                f"missing: {data.name}, looked for as {folder / data.files} (set {VARIABLE}); "
                f"public source: {data.source}, {data.licence}, sha256 {data.sha256}"
            )
        elif sha256_of_files(paths) != data.sha256:
            lines.append(
                f"{folder / data.files} is not what our figures were measured with "
                f"(sha256 {data.sha256} expected): don't compare with them"
            )
    return lines


def sha256_of_files(paths: Sequence[Path]) -> str:
    """As `DataSet.sha256` says."""
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    if len(sums) == 1:
        return sums[0]
    lines = (f"{one}  {path.name}\n" for one, path in zip(sums, paths, strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
