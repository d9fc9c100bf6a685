"""Vosk's published list of models: what may be in it, and which model a language should get."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ivr.models.vosk_model_folder import iso_language
from sternik.speech.errors import DownloadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_LIST_BYTES: Final = 4 * 1024 * 1024
PREFERRED: Final[Mapping[str, str]] = {
    "en": "vosk-model-small-en-us-0.15",
    "pl": "vosk-model-small-pl-0.22",
    "ru": "vosk-model-small-ru-0.22",
    "uk": "vosk-model-small-uk-v3-small",
}
"""The small models that Sternik's languages were chosen with."""

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NUMBERS = re.compile(r"\d+")


class ModelSize(StrEnum):
    """The list's types; whatever else it has is `OTHER`."""

    SMALL = "small"
    BIG = "big"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedModel:
    """One model of the list; `size_bytes` and `md5` (hexadecimal) are those of the zip file at `url`."""

    name: str
    language: str
    language_text: str
    size: ModelSize
    size_bytes: int
    md5: str
    url: str
    is_obsolete: bool


class _Entry(BaseModel):
    """An entry as Vosk's site writes it."""

    model_config = ConfigDict(extra="ignore")

    name: Annotated[str, Field(pattern=f"^{_NAME}$")]
    lang: Annotated[str, Field(pattern="^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$")]
    lang_text: Annotated[str, Field(max_length=200)] = ""
    md5: Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")]
    size: Annotated[int, Field(gt=0, lt=1 << 40)]
    type: str = ""
    url: Annotated[str, Field(pattern=r"^https?://\S{1,1000}$")]
    obsolete: bool = False


_ENTRIES: Final = TypeAdapter(list[object])
_ENTRY: Final = TypeAdapter(_Entry)


def parse_model_list(blob: bytes, *, where: str) -> tuple[PublishedModel, ...]:
    """The models of a list; entries that lack something or mean other things are left out.

    Raises `DownloadError` when it is no list, or has no entry that can be used.
    """
    try:
        entries = _ENTRIES.validate_python(json.loads(blob))
    except (ValueError, RecursionError) as error:
        raise _no_list(where, f"no list of models ({_first_line(error)})") from error
    models = tuple(model for entry in entries if (model := _published(entry)))
    if not models:
        raise _no_list(where, "a list without a single model")
    return models


def model_for(models: Sequence[PublishedModel], language: str) -> PublishedModel | None:
    """The preferred model of a language where the list still has it, else its newest small one."""
    usable = [model for model in models if model.language == language and not model.is_obsolete]
    for model in usable:
        if model.name == PREFERRED.get(language):
            return model
    small = [model for model in usable if model.size is ModelSize.SMALL]
    return max(small, key=lambda model: version_in(model.name), default=None)


def version_in(name: str) -> tuple[int, ...]:
    """The numbers in a model's name, to compare its version with another's."""
    return tuple(int(number[:9]) for number in _NUMBERS.findall(name))


def _published(entry: object) -> PublishedModel | None:
    try:
        known = _ENTRY.validate_python(entry)
    except ValidationError:
        return None
    sizes = {size.value: size for size in ModelSize}
    return PublishedModel(
        name=known.name,
        language=iso_language(known.lang),
        language_text=known.lang_text,
        size=sizes.get(known.type, ModelSize.OTHER),
        size_bytes=known.size,
        md5=known.md5.lower(),
        url=known.url,
        is_obsolete=known.obsolete,
    )


def _no_list(where: str, what: str) -> DownloadError:
    return DownloadError(
        f"what came from there is {what}",
        where=where,
        advice="is a proxy or a login page in between? Open the address in a browser, or name another: "
        "STERNIK_SPEECH_LIST_URL",
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:120]
