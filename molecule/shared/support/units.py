# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The systemd units that a host runs, from the groups that it is in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

RESTART_DEADLINE_SECONDS = 60
UNITS = {
    "postgres": "postgresql@{cluster}.service",
    "temporal": "temporal-server.service",
    "temporal_ui": "temporal-ui.service",
    "temporal_worker": "aegis-temporal-worker@0.service",
}


def units_of(host: Any, deployment: Any) -> Iterator[tuple[str, str]]:
    """Yield (group, unit) of a testinfra host."""
    for group, unit in UNITS.items():
        if host.backend.host not in deployment.groups.get(group, []):
            continue
        if "{cluster}" in unit:
            version, cluster = host.check_output("pg_lsclusters --no-header | awk '{print $1, $2}'").split()
            unit = unit.format(cluster=f"{version}-{cluster}")
        yield group, unit


def main_pid(host: Any, unit: str) -> int:
    """Return the process id of a unit's main process; 0 while it has none."""
    return int(host.check_output(f"systemctl show --property=MainPID --value {unit}"))


def kill_and_wait(host: Any, unit: str) -> None:
    """Kill a unit's main process, and wait until systemd has another one running.

    Raises ``AssertionError`` where there was none to kill, or when none came back in time.
    """
    before = main_pid(host, unit)
    assert before > 0, unit
    host.check_output(f"kill -9 {before}")
    wait_for_another(host, unit, before)


def wait_for_another(host: Any, unit: str, before: int) -> None:
    """Wait until a unit is active with another main process than ``before``. Raises ``AssertionError``."""
    deadline = time.monotonic() + RESTART_DEADLINE_SECONDS
    while main_pid(host, unit) in (0, before) or host.run(f"systemctl is-active {unit}").stdout.strip() != "active":
        status = host.run(f"systemctl status --no-pager {unit}").stdout if time.monotonic() > deadline else ""
        assert time.monotonic() <= deadline, f"{unit} did not come back: {status}"
        time.sleep(0.5)
