from __future__ import annotations

import ast
import io
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from sternik.logs import LogFormat, set_up_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).parents[3]
PACKAGES = ("ivr", "cti_api", "training", "sternik")
METHODS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "log", "msg"}
BINDERS = {"bind", "new", "bind_contextvars", "bound_contextvars"}
PERSONAL_WORDS = {
    *("words", "word", "text", "texts", "sentence", "said", "heard", "transcript", "utterance"),
    *("caller", "callerid", "number", "numbers", "phone", "msisdn", "digit", "digits", "dtmf"),
    *("card", "pin", "pesel", "iban", "account", "customer", "email", "partial", "spoken"),
}
HARMLESS = {"line_number", "turn_number", "port_number", "model_card"}


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_personal_data_is_masked_at_any_depth(log_format: LogFormat) -> None:
    out = io.StringIO()
    set_up_logs(log_format=log_format, stream=out)
    log = structlog.get_logger("test")
    with structlog.contextvars.bound_contextvars(pii_caller="+48600123456"):
        log.info("heard", pii_words="block my card", more={"pii_digits": "4111"}, turn=1)
        log.info("listed", entries=[{"pii_words": "block my card"}])
    lines = out.getvalue()
    assert "***" in lines
    for secret in ("48600123456", "block", "4111"):
        assert secret not in lines


def test_personal_data_is_shown_when_asked_for() -> None:
    out = io.StringIO()
    set_up_logs(log_format=LogFormat.JSON, show_personal_data=True, stream=out)
    structlog.get_logger("test").info("heard", pii_words="block my card")
    assert json.loads(out.getvalue())["pii_words"] == "block my card"


def test_a_json_line_holds_message_level_name_and_time() -> None:
    out = io.StringIO()
    set_up_logs(log_format=LogFormat.JSON, stream=out)
    structlog.get_logger("ivr.call").warning("queue full", waiting=3)
    logging.getLogger("library").error("of a library %s", "too")
    ours, theirs = (json.loads(line) for line in out.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["logger"]) == ("queue full", "warning", "ivr.call")
    assert ours["waiting"] == 3
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "of a library too"


@pytest.mark.parametrize("log_format", list(LogFormat))
def test_tracebacks_do_not_show_the_values_of_variables(log_format: LogFormat) -> None:
    out = io.StringIO()
    set_up_logs(log_format=log_format, stream=out)
    heard = "card my block"[::-1]
    try:
        _ = heard + 1  # type: ignore[operator]
    except TypeError:
        structlog.get_logger("test").exception("call failed")
    assert "TypeError" in out.getvalue()
    assert heard not in out.getvalue()


def test_entries_below_the_level_are_not_written() -> None:
    out = io.StringIO()
    set_up_logs(level="error", stream=out)
    structlog.get_logger("test").warning("quiet")
    assert out.getvalue() == ""


def log_calls(source: str) -> Iterator[ast.Call]:
    """Calls of a logger's methods and of what binds fields to one."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""
        if ("log" in owner.lower() and name in METHODS | BINDERS) or name in {
            "bind_contextvars",
            "bound_contextvars",
        }:
            yield node


def faults(source: str) -> list[str]:
    """What a source logs against the rules."""
    found = []
    for call in log_calls(source):
        found += [
            f"line {call.lineno}: write pii_{keyword.arg}"
            for keyword in call.keywords
            if keyword.arg and _looks_personal(keyword.arg)
        ]
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        message = call.args[0] if call.args and method in METHODS else None
        # A name may be a parameter to which a wrapper's callers give constants.
        if message is not None and not isinstance(message, ast.Constant | ast.Name):
            found.append(f"line {call.lineno}: the message is put together, use fields")
    return found


def _looks_personal(field: str) -> bool:
    if field.startswith("pii_") or field in HARMLESS:
        return False
    return not PERSONAL_WORDS.isdisjoint(field.split("_"))


def test_no_source_logs_personal_data_under_a_plain_name() -> None:
    files = [path for package in PACKAGES for path in (SOURCES / package).rglob("*.py")]
    assert len(files) > 20
    found = {str(path): faults(path.read_text()) for path in files}
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("log.info('heard', words=said)", 1),
        ("self._log.warning('x', caller_number=n)", 1),
        ("logger.bind(digits=d)", 1),
        ("structlog.contextvars.bind_contextvars(caller=c)", 1),
        ("log.info(f'heard {words}')", 1),
        ("log.info('heard ' + words)", 1),
        ("log.info('heard %s'.format(words))", 1),
        ("log.info('heard', pii_words=said, turn_number=1, queue=q)", 0),
        ("journal.record(words=said)", 0),
    ],
)
def test_the_walk_finds_what_it_should(source: str, count: int) -> None:
    assert len(faults(source)) == count
