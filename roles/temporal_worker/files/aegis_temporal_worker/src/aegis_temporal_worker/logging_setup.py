# SPDX-License-Identifier: Apache-2.0
"""Logging of the whole process: one JSON object per line, or lines for people while developing."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

from aegis_temporal_worker.redaction import Redactor

# LOG_LEVEL follows the reference's names; Python has no level below debug.
LEVELS: Final = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_PEOPLE: Final = "%(asctime)s %(identity)s %(levelname)-7s %(name)s: %(message)s"


class _JsonFormatter(OrjsonFormatter):
    """Adds ``level``, ``time`` and the identity to each line, and keeps secrets out of it."""

    def __init__(self, identity: str, redactor: Redactor) -> None:
        super().__init__(
            "%(levelname)s %(message)s %(name)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"identity": identity},
            timestamp="time",
            # An object of the Temporal SDK, whose text is in the message already.
            reserved_attrs=[*RESERVED_ATTRS, "temporal_log"],
        )
        self._redactor = redactor

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data["level"] = str(log_data.get("level", "")).lower()
        clean: dict[str, Any] = self._redactor.value(log_data)
        return clean


class _PeopleFormatter(logging.Formatter):
    """Lines for people, without secrets."""

    def __init__(self, identity: str, redactor: Redactor) -> None:
        super().__init__(_PEOPLE, defaults={"identity": identity})
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))


def configure_logging(level: str, identity: str, *, for_people: bool, secrets: Iterable[str] = ()) -> None:
    """Send all logging of the process to standard error.

    ``level`` is one of ``LEVELS``; ``identity`` stands in every line; ``for_people`` chooses plain lines; ``secrets``
    are texts that no line may show.
    """
    handler = logging.StreamHandler(sys.stderr)
    redactor = Redactor(secrets)
    formatter = _PeopleFormatter if for_people else _JsonFormatter
    handler.setFormatter(formatter(identity, redactor))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
    logging.captureWarnings(capture=True)
    # Its access log would hold every probe of /health.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    # gRPC's C core writes plain text to standard error; what matters of it reaches us as the status of a call.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        traceback.print_exception(kind, error, trace)
        return
    logging.getLogger("aegis_temporal_worker").critical("uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is not None:
        _log_uncaught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
