# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run benchmarks one after the other: ``python -m bench [NAME…] [--output DIR]``.

The exit code is 0 when everything could be measured, whatever came out, and 1 when a benchmark could not be run or its
workload failed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

import uvloop

from .options import Options
from .report import Result, summary, write
from .rig import SOURCES

NAMES = ("history", "growth", "templates", "replay", "start", "resume", "throughput", "memory")


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks of the worker.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(NAMES)} (default: all)")
    parser.add_argument("--output", type=Path, default=Path("build/bench"), help="directory (default: %(default)s)")
    parser.add_argument("--sources", type=Path, default=SOURCES, help="the worker's src directory")
    parser.add_argument("--repetitions", type=int, default=5, help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--workflows", type=int, help="runs of one measurement (default: the benchmark's own)")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if arguments.repetitions < 1:
        parser.error("--repetitions must be at least 1")
    signal.signal(signal.SIGTERM, _interrupt)
    # Replays and templates are measured in this process.
    sys.path.insert(0, str(arguments.sources.resolve()))
    options = Options(arguments.sources.resolve(), arguments.repetitions, arguments.workflows)
    results: list[Result] = []
    failed: list[str] = []
    for name in arguments.names or NAMES:
        print(f"── {name}", flush=True)
        try:
            # The loop that the worker runs on.
            result = uvloop.run(importlib.import_module(f"bench.{name}").run(options))
        except KeyboardInterrupt:
            return 130
        except Exception:  # one that cannot be run must not hide the others; the exit code tells
            traceback.print_exc()
            failed.append(name)
            continue
        print("\n".join(result.lines), flush=True)
        results.append(result)
    if results:
        write(arguments.output, results, _machine())
        print(f"\n{summary(results)}\n\n{arguments.output}/bench.txt and bench.json have it all.")
    if failed:
        print(f"could not be measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _machine() -> str:
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    return f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load at the end {load}"


def _interrupt(signum: int, frame: FrameType | None) -> None:
    # As Ctrl-C, which asyncio turns into a cancellation, so that everything is stopped in order.
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
