# SPDX-License-Identifier: Apache-2.0
"""Logging of the whole process: one JSON object per line, or lines for people while developing."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from types import TracebackType
from typing import Any, Final

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.orjson import OrjsonFormatter

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
    """Adds ``level``, ``time`` and the identity to each line."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            "%(levelname)s %(message)s %(name)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"identity": identity},
            timestamp="time",
            # An object of the Temporal SDK, whose text is in the message already.
            reserved_attrs=[*RESERVED_ATTRS, "temporal_log"],
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        log_data["level"] = str(log_data.get("level", "")).lower()
        return log_data


def configure_logging(level: str, identity: str, *, for_people: bool) -> None:
    """Send all logging of the process to standard error.

    ``level`` is one of ``LEVELS``; ``identity`` stands in every line; ``for_people`` chooses plain lines.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter(_PEOPLE, defaults={"identity": identity}) if for_people else _JsonFormatter(identity)
    )
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
