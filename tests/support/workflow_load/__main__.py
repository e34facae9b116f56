# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load as a process: calibrates, starts workflows until SIGTERM or a bound, looks every id up, tells the figures.

Ends with status 0 when the load was valid and every workflow completed as it should, else with 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

import requests
from temporalio.client import Client

from . import ledger
from .definition import definition
from .generator import RETRY, Generator
from .judge import Figures, judge

_HTTP_SECONDS = 60


def main() -> int:
    """Run it."""
    options = _options()
    figures = asyncio.run(_run(options))
    (options.directory / "figures.json").write_text(json.dumps(figures.as_dict(), indent=2) + "\n", encoding="utf-8")
    print("\n".join(figures.lines()), flush=True)
    return 0 if figures.valid and not figures.problems else 1


async def _run(options: argparse.Namespace) -> Figures:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    workflow = definition(again=options.again)
    answer = await asyncio.to_thread(requests.post, options.register_url, json=workflow, timeout=_HTTP_SECONDS)
    answer.raise_for_status()
    clients = [
        await Client.connect(address, namespace=options.namespace, retry_config=RETRY) for address in options.frontend
    ]
    book = ledger.Ledger(options.directory / "ledger.jsonl")
    generator = Generator(clients, options.task_queue, workflow, book)
    rate = await generator.calibrate(options.calibration_runs, options.concurrency)
    await generator.run(min(rate, options.most_per_second), options.seconds, options.most, stop)
    entries = ledger.read(options.directory / "ledger.jsonl")
    await generator.look_up([entry["id"] for entry in entries if entry["kind"] == "planned"], options.patience)
    book.close()
    # After the look-up: the last events are delivered before a run ends.
    told = await asyncio.to_thread(requests.get, options.orchestrator_ledger, timeout=_HTTP_SECONDS)
    told.raise_for_status()
    return judge(ledger.read(options.directory / "ledger.jsonl"), told.json()["entries"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workflow_load", description=__doc__)
    parser.add_argument("--frontend", action="append", required=True, help="host:port; once for each frontend")
    parser.add_argument("--namespace", default="default")
    parser.add_argument("--task-queue", default="aegis-agents")
    parser.add_argument("--register-url", required=True, help="where a worker takes definitions")
    parser.add_argument("--orchestrator-ledger", required=True, help="URL of the stand-in's ledger")
    parser.add_argument("--directory", type=Path, required=True, help="for ledger.jsonl and figures.json")
    parser.add_argument("--again", action="store_true", help="a command that was lost with its worker is done again")
    parser.add_argument("--calibration-runs", type=int, default=200, help="length of the closed loop (%(default)s)")
    parser.add_argument("--concurrency", type=int, default=40, help="of the closed loop (%(default)s)")
    parser.add_argument("--most-per-second", type=float, default=60, help="bounds the calibrated rate (%(default)s)")
    parser.add_argument("--seconds", type=float, default=1800, help="bounds the load (%(default)s)")
    parser.add_argument("--most", type=int, default=20_000, help="bounds the number of starts (%(default)s)")
    parser.add_argument("--patience", type=float, default=300, help="seconds for runs to end after it (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
