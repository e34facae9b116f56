# SPDX-License-Identifier: Apache-2.0
"""Command ``aegis-temporal-worker``. Everything is set by environment variables; see README.md."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import uvloop

from aegis_temporal_worker import __version__
from aegis_temporal_worker.allocator import keep_little
from aegis_temporal_worker.config import SettingsError, load_settings
from aegis_temporal_worker.late_modules import load_late
from aegis_temporal_worker.logging_setup import configure_logging


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worker; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="aegis-temporal-worker",
        description="Workflow worker for AEGIS. Settings come from the environment and from .env.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("--check", action="store_true", help="check the settings and exit")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        print(f"aegis-temporal-worker cannot start:\n{error}", file=sys.stderr)
        return 1
    if options.check:
        print("the settings are valid")
        return 0
    configure_logging(
        settings.log_level,
        settings.identity,
        for_people=settings.node_env == "development",
        secrets=settings.secrets,
    )
    keep_little()
    load_late()
    # Imported late: --version and a refused configuration need neither gRPC nor the Temporal SDK.
    from aegis_temporal_worker.service import serve  # noqa: PLC0415

    return uvloop.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
