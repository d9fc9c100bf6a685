"""Logs: a constant message and fields, personal data masked, on a console or as JSON.

Everything that can name a caller (phone numbers, digits, what was said) is logged under keys that
begin with `pii_` only; a test walks all log calls of the sources.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from structlog.types import EventDict, Processor, WrappedLogger

PERSONAL = "pii_"
MASK = "***"
_CHATTY = ("aiosqlite", "asyncio", "alembic", "panoramisk", "sqlalchemy")


class LogFormat(StrEnum):
    """How log lines look."""

    CONSOLE = "console"
    JSON = "json"


def set_up_logs(
    *,
    log_format: LogFormat = LogFormat.CONSOLE,
    level: str = "INFO",
    show_personal_data: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Send our log lines and those of libraries to `stream` (standard error), one line an entry.

    `level` is one of logging's names; libraries that talk a lot are heard from WARNING on.
    Tracebacks never show the values of variables.
    """
    out = stream or sys.stderr
    shared = _shared_processors(show_personal_data=show_personal_data)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(log_format, has_colours=out.isatty()),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


class MaskPersonalData:
    """A structlog processor: the values of all `pii_` keys, at any depth, become `***`."""

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Mask one entry in place."""
        return _mask_mapping(event)


def _shared_processors(*, show_personal_data: bool) -> Sequence[Processor]:
    masks: Sequence[Processor] = () if show_personal_data else (MaskPersonalData(),)
    return (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *masks,
    )


def _renderers(log_format: LogFormat, *, has_colours: bool) -> Sequence[Processor]:
    if log_format is LogFormat.JSON:
        # structlog's own formatters of tracebacks as JSON would add every local variable.
        return (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    plain = structlog.dev.plain_traceback
    return (structlog.dev.ConsoleRenderer(colors=has_colours, exception_formatter=plain),)


def _mask_mapping(entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in list(entry.items()):
        entry[key] = (
            MASK if str(key).startswith(PERSONAL) and value is not None else _mask_inside(value)
        )
    return entry


def _mask_inside(value: object) -> object:
    if isinstance(value, Mapping):
        return _mask_mapping(dict(value))
    if isinstance(value, list | tuple):
        return [_mask_inside(inner) for inner in value]
    return value
