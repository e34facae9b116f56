# SPDX-License-Identifier: Apache-2.0
"""Log lines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from aegis_temporal_worker.logging_setup import configure_logging
from aegis_temporal_worker.redaction import Redactor


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """Give pytest its own handlers back."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_contract_1_4_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "host:3000", for_people=False)
    logging.getLogger("a.b").warning("two\nlines of %s", "text", extra={"run": "r-1"})
    try:
        raise ValueError("boom")
    except ValueError:
        logging.getLogger("a.b").exception("failed")
    logging.getLogger("a.b").debug("not shown")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["level"], first["message"], first["logger"]) == ("warning", "two\nlines of text", "a.b")
    assert (first["identity"], first["run"]) == ("host:3000", "r-1")
    assert "T" in first["time"]
    assert "ValueError: boom" in second["exc_info"]


def test_contract_1_4_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("trace", "host:3000", for_people=True)
    logging.getLogger("a.b").debug("hello")
    line = capsys.readouterr().err
    assert not line.startswith("{")
    assert "DEBUG" in line
    assert "host:3000" in line
    assert "a.b: hello" in line


def test_uncaught_errors_are_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "host:3000", for_people=False)
    try:
        raise RuntimeError("lost")
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)
    entry = json.loads(capsys.readouterr().err)
    assert entry["level"] == "critical"
    assert "RuntimeError: lost" in entry["exc_info"]


CANARY = "c4n4ry-s3cr3t/w0rd"


def provoke() -> None:
    """Log a secret in every way that happens: in a message, an argument, an extra, an exception and its cause."""
    logger = logging.getLogger("a.b")
    url = f"postgresql://aegis:{CANARY}@db/aegis"
    logger.warning("cannot connect to %s", url)
    logger.warning("token %s", CANARY, extra={"request": {"headers": [f"Bearer {CANARY}"]}, "odd": {CANARY: 1}})
    try:
        try:
            raise OSError(f"no route to {url}")
        except OSError as error:
            raise RuntimeError({"dsn": url}) from error
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    sys.excepthook(ValueError, ValueError(url), None)


@pytest.mark.parametrize("for_people", [True, False])
def test_contract_1_1_no_line_shows_a_secret(capsys: pytest.CaptureFixture[str], for_people: bool) -> None:
    configure_logging("info", "host:3000", for_people=for_people, secrets=[CANARY])
    provoke()
    text = capsys.readouterr().err
    assert text.count("cannot connect to postgresql://aegis:***@db/aegis") == 1
    assert "s3cr3t" not in text
    assert "w0rd" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://u:pass@h/d", "postgresql://u:***@h/d"),
        ("at postgresql://u:p@ss@h/d, http://a:b@c", "at postgresql://u:***@h/d, http://a:***@c"),
        ("postgresql://u@h/d?password=abc&x=1", "postgresql://u@h/d?password=***&x=1"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ("{'client_secret': 'abc'}", "{'client_secret': '***'}"),
        ('{"access_token":"abc"}', '{"access_token":"***"}'),
        ("PGPASSWORD=abc psql", "PGPASSWORD=*** psql"),
        ("http://host:8080/path", "http://host:8080/path"),
        ("at 10:30 a bearer came, see http://[::1]:3000/x@y", "at 10:30 a bearer came, see http://[::1]:3000/x@y"),
        ("the password file", "the password file"),
    ],
)
def test_what_looks_like_a_credential_is_hidden_though_unknown(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


def test_a_short_secret_does_not_garble_the_log() -> None:
    assert Redactor(["aegis"]).text("queue aegis-agents, postgresql://aegis:aegis@db") == (
        "queue aegis-agents, postgresql://aegis:***@db"
    )


def test_a_long_line_is_no_burden() -> None:
    """Bounded repetitions: these would take minutes otherwise."""
    for text in ("a" * 200_000, "a://" * 50_000, "password" * 20_000, "bearer " * 30_000, "://:" * 50_000):
        assert len(Redactor(["a-secret-text"]).text(text)) <= len(text)


def test_whatever_is_logged_becomes_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "host:3000", for_people=False)
    odd = {"number": 2**80, "surrogate": "\ud800", "set": {1}, "nested": [{"o": object()}], "nan": float("nan"), 5: 6}
    logging.getLogger("a.b").info("odd \udcff", extra={"odd": odd})
    captured = capsys.readouterr().err
    (line,) = captured.splitlines()
    entry = json.loads(line)
    assert entry["message"] == "odd \\udcff"
    assert entry["odd"]["number"] == hex(2**80)
