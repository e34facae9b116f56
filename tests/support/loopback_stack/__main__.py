# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m loopback_stack up`` and ``python -m loopback_stack run -- command``."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from types import FrameType

from . import postgres, stack
from .binaries import DEFAULT_VERSION, BinariesMissing
from .processes import ProcessFailed


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m loopback_stack", description="A real PostgreSQL and Temporal Server on 127.0.0.1."
    )
    parser.add_argument("--temporal-version", default=DEFAULT_VERSION, help="server version (default: %(default)s)")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="start, print the addresses as shell exports, stop at Ctrl-C or SIGTERM")
    run = actions.add_parser("run", help="start, run a command with the addresses in its environment, stop")
    run.add_argument("command", nargs="+", help="the command, after --")
    arguments = parser.parse_args()

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with (
            stack.work_directory() as directory,
            postgres.postgres_server(directory) as database,
            stack.temporal_stack(database, directory, arguments.temporal_version) as running,
        ):
            if arguments.action == "run":
                return subprocess.run(
                    arguments.command, env={**os.environ, **running.environment()}, check=False
                ).returncode
            for name, value in running.environment().items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
            print("# running; end with Ctrl-C", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (BinariesMissing, ProcessFailed) as error:
        print(f"loopback_stack: {error}", file=sys.stderr)
        return 1
    return 0


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
