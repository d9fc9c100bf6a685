"""YAML files that people write: read within limits, errors with their line.

One document of at most 64 KiB and 20 levels. Anchors and aliases are refused: the line that is read
is the line that holds, and nothing can expand beyond its size.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    NodeEvent,
)
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from ivr.errors import ConfigurationError

MAX_FILE_BYTES = 64 * 1024
MAX_DEPTH = 20

Location = tuple[int | str, ...]


class WrittenModel(BaseModel):
    """A part of such a file: no unknown keys, no conversions, no infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A file's contents (plain dicts, lists and scalars) and where each of them stands."""

    path: Path
    sha256: str
    data: Any
    root: Node | None

    def where(self, location: Location) -> str:
        """`file:line` of a value, or of the nearest thing around it that exists."""
        node, line = self.root, 1
        for key in location:
            line, node = _child(node, key, line)
        return f"{self.path}:{line}"

    def mistake(self, problem: str, *, advice: str = "", at: Location = ()) -> ConfigurationError:
        """The error that names the line of what is wrong."""
        return ConfigurationError(problem, advice=advice, where=self.where(at))

    def check(self, model: type[Model]) -> Model:
        """The contents as `model`; raises `ConfigurationError` for the first mistake."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            raise self._explain(model, error.errors()) from error

    def _explain(self, model: type[Model], mistakes: list[ErrorDetails]) -> ConfigurationError:
        """Misspelt keys first: they are the cause of missing ones."""
        first = min(mistakes, key=lambda mistake: mistake["type"] != "extra_forbidden")
        at = first["loc"]
        key = _dotted(at)
        if first["type"] == "extra_forbidden":
            absent = [str(m["loc"][-1]) for m in mistakes if m["loc"][:-1] == at[:-1]]
            known = [name for name in absent if name != str(at[-1])] + _known_keys(model, at[:-1])
            return self.mistake(f"unknown key {key}", advice=suggest(str(at[-1]), known), at=at)
        if first["type"] == "missing":
            advice = f"add the key {at[-1]} here"
            return self.mistake(f"{key} is missing", advice=advice, at=at[:-1])
        problem = f"{key or 'the file'}: {_lower_first(first['msg'])}"
        return self.mistake(problem, advice="correct this value", at=at)


def read_yaml(path: Path) -> YamlFile:
    """Read a file; raises `ConfigurationError` if it is unreadable, too large or no plain YAML."""
    raw = _read_bytes(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "not UTF-8 text", advice="save the file in UTF-8", where=str(path)
        ) from error
    try:
        _check_shape(path, text)
        data = YAML(typ="safe", pure=True).load(text)
        root = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        raise _translate(path, error) from error
    except ValueError as error:
        problem = f"holds a value that cannot be read: {error}"
        raise ConfigurationError(problem, advice="put it in quotes", where=str(path)) from error
    return YamlFile(path=path, sha256=hashlib.sha256(raw).hexdigest(), data=data, root=root)


def suggest(written: str, known: list[str]) -> str:
    """Advice for a word that is not among `known`."""
    close = difflib.get_close_matches(written, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(sorted(set(known)))}" if known else "remove it"


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        advice = "check that the file exists and may be read"
        raise ConfigurationError(problem, advice=advice, where=str(path)) from error
    if len(raw) > MAX_FILE_BYTES:
        problem = f"larger than {MAX_FILE_BYTES // 1024} KiB"
        raise ConfigurationError(problem, advice="is this the right file?", where=str(path))
    return raw


def _check_shape(path: Path, text: str) -> None:
    """Look at the file as a flat stream before anything recursive touches it."""
    depth = documents = 0
    for event in YAML(typ="safe", pure=True).parse(text):
        where = f"{path}:{event.start_mark.line + 1}"
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        documents += isinstance(event, DocumentStartEvent)
        anchored = isinstance(event, NodeEvent) and event.anchor
        if anchored or isinstance(event, AliasEvent):
            problem = "anchors and aliases (& and *) are not read here"
            advice = "write the value out; put text that begins with & or * in quotes"
            raise ConfigurationError(problem, advice=advice, where=where)
        if depth > MAX_DEPTH or documents > 1:
            problem = "nested too deeply" if depth > MAX_DEPTH else "more than one document"
            raise ConfigurationError(problem, advice="is this the right file?", where=where)


def _translate(path: Path, error: YAMLError) -> ConfigurationError:
    problem, line = "not valid YAML", 1
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        problem = f"not valid YAML: {error.problem or error.context}"
    advice = "check indentation, colons and quotes in this line and the one before"
    return ConfigurationError(problem, advice=advice, where=f"{path}:{line}")


def _child(node: Node | None, key: int | str, line: int) -> tuple[int, Node | None]:
    """Line and value of `key` in a node; the line so far when there is none."""
    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return key_node.start_mark.line + 1, value_node
    if isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
        item = node.value[key]
        return item.start_mark.line + 1, item
    return line, None


def _known_keys(model: type[BaseModel], at: Location) -> list[str]:
    """The keys `model` knows at a place inside it, through mappings and nested models."""
    current: Any = model
    for step in at:
        field = _fields(current).get(str(step))
        current = current if field is None else _inner_model(field.annotation)
    return list(_fields(current))


def _fields(model: Any) -> dict[str, FieldInfo]:
    return model.model_fields if _is_model(model) else {}


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _inner_model(annotation: Any) -> Any:
    """The model in `Model`, `Model | None` or `dict[str, Model]`, whose own keys are no fields."""
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    return next((candidate for candidate in candidates if _is_model(candidate)), None)


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location if part != "[key]")


def _lower_first(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text[:1].lower() + text[1:]
