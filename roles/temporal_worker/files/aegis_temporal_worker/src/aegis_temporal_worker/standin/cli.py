# SPDX-License-Identifier: Apache-2.0
"""Command ``aegis-standin``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from aegis_temporal_worker import __version__
from aegis_temporal_worker.logging_setup import LEVELS, configure_logging
from aegis_temporal_worker.standin import NAME
from aegis_temporal_worker.standin.script import ScriptError, load_script
from aegis_temporal_worker.standin.server import Standin, StandinOptions

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog=NAME,
        description="Stand-in for the AEGIS orchestrator: for tests and demonstrations only. Runs system commands "
        "that any client sends, without authentication: bind it to trusted addresses.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    result.add_argument("--http-host", default="127.0.0.1", help="bind address of the event route and look-ups")
    result.add_argument("--http-port", type=int, default=8080, help="its port")
    result.add_argument("--grpc-host", default="127.0.0.1", help="bind address of the runtime")
    result.add_argument("--grpc-port", type=int, default=50051, help="its port")
    result.add_argument(
        "--ledger", type=Path, help="file of JSON lines to append to (default: in the scratch directory)"
    )
    result.add_argument("--scratch", type=Path, help="directory for commands and volumes (default: a new one)")
    result.add_argument("--script", type=Path, help="JSON or YAML file with answers")
    result.add_argument("--log-level", choices=sorted(LEVELS), default="info", help="least level shown")
    result.add_argument("--for-people", action="store_true", help="plain log lines in place of JSON")
    result.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    return result


async def _serve(options: StandinOptions) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with Standin(options):
        log.warning(
            "%s %s: a stand-in for the AEGIS orchestrator, not the real one; http %s:%d, grpc %s:%d, scratch %s",
            NAME,
            __version__,
            options.http_host,
            options.http_port,
            options.grpc_host,
            options.grpc_port,
            options.scratch,
        )
        await stop.wait()
    log.info("%s: stopped", NAME)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stand-in until a signal; returns the exit code."""
    options = parser().parse_args(arguments)
    configure_logging(options.log_level, NAME, for_people=options.for_people)
    scratch = options.scratch or Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
    try:
        script = load_script(options.script)
        asyncio.run(
            _serve(
                StandinOptions(
                    http_host=options.http_host,
                    http_port=options.http_port,
                    grpc_host=options.grpc_host,
                    grpc_port=options.grpc_port,
                    ledger=options.ledger or scratch / "ledger.jsonl",
                    scratch=scratch,
                    script=script,
                )
            )
        )
    except (ScriptError, OSError) as error:
        log.critical("%s cannot start: %s", NAME, error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
