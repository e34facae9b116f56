# SPDX-License-Identifier: Apache-2.0
"""Log lines."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from aegis_temporal_worker.logging_setup import configure_logging


@pytest.fixture(autouse=True)
def restore_logging() -> Iterator[None]:
    """Give pytest its own handlers back."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:], sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_one_json_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
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


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
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
