#!/usr/bin/env python3
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the worker's wheelhouses with progress on the terminal.

The module ``aegis.temporal.wheelhouse`` does the same in silence during a play; what this tool built, it finds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The link in .collections makes `ansible_collections.aegis.temporal` mean this checkout.
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.aegis.temporal.plugins.module_utils.wheel_pip import WheelhouseError
from ansible_collections.aegis.temporal.plugins.module_utils.wheelhouse import (
    ARCHITECTURES,
    Source,
    build,
    default_cache,
)

FILES = ROOT / "roles" / "temporal_worker" / "files"


def locked_pythons() -> list[str]:
    """Return the Python versions that there is a hash lock for."""
    names = (re.fullmatch(r"requirements-py3(\d+)\.txt", path.name) for path in sorted((FILES / "locks").iterdir()))
    return [f"3.{name[1]}" for name in names if name]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", action="append", metavar="3.11", help="Python of the hosts (default: all locked)")
    parser.add_argument("--architecture", choices=ARCHITECTURES, default=ARCHITECTURES[0])
    parser.add_argument("--cache", default=default_cache(), help="cache directory (default: %(default)s)")
    parser.add_argument("--timeout", type=int, default=900, help="limit for each pip call, seconds (default: 900)")
    arguments = parser.parse_args()

    source = Source(str(FILES / "aegis_temporal_worker"), str(FILES / "locks"))
    for python in arguments.python or locked_pythons():
        started = time.monotonic()
        try:
            wheelhouse, built = build(
                source,
                python,
                arguments.architecture,
                arguments.cache,
                sys.executable,
                arguments.timeout,
                lambda line: print(f"  {line}", flush=True),
            )
        except (WheelhouseError, OSError) as error:
            print(f"The wheelhouse for Python {python} cannot be built. {error}", file=sys.stderr)
            return 1
        state = f"built in {time.monotonic() - started:.0f} s" if built else "there already"
        print(f"wheelhouse for Python {python}: {wheelhouse.path} ({state})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
