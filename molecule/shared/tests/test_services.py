# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every unit runs, starts at boot, comes back when it dies and is confined."""

from __future__ import annotations

import re
import time

import pytest

testinfra_hosts = ["ansible://postgres", "ansible://temporal", "ansible://temporal_ui", "ansible://temporal_worker"]

UNITS = {
    "postgres": ["postgresql@{cluster}.service"],
    "temporal": ["temporal-server.service"],
    "temporal_ui": ["temporal-ui.service"],
    "temporal_worker": ["aegis-temporal-worker@0.service"],
}
# `systemd-analyze security` of a unit without any confinement is 9.6. PostgreSQL keeps the distribution's unit.
EXPOSURE_LIMIT = 1.5
RESTART_DEADLINE_SECONDS = 60


def _units(host, deployment):
    name = host.backend.host
    for group, units in UNITS.items():
        if name in deployment.groups[group]:
            for unit in units:
                if "{cluster}" in unit:
                    version, cluster = host.check_output("pg_lsclusters --no-header | awk '{print $1, $2}'").split()
                    unit = unit.format(cluster=f"{version}-{cluster}")
                yield group, unit


def test_units_are_active_and_enabled(host, deployment):
    for group, unit in _units(host, deployment):
        assert host.check_output(f"systemctl is-active {unit}") == "active"
        state = host.check_output(f"systemctl is-enabled {unit}")
        # Debian starts a cluster through postgresql.service, which makes its instances at boot.
        assert state in {"enabled", "enabled-runtime"}, (group, unit, state)


def test_units_are_confined(host, deployment):
    for group, unit in _units(host, deployment):
        if group == "postgres":
            continue
        summary = host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        match = re.search(r"unit: ([0-9.]+) ", summary.replace(unit, "unit"))
        assert match, summary
        assert float(match.group(1)) <= EXPOSURE_LIMIT, summary


def _main_pid(host, unit):
    return int(host.check_output(f"systemctl show --property=MainPID --value {unit}"))


def test_systemd_brings_a_killed_process_back(host, deployment):
    for _group, unit in _units(host, deployment):
        before = _main_pid(host, unit)
        assert before > 0
        host.run_test(f"kill -9 {before}")
        deadline = time.monotonic() + RESTART_DEADLINE_SECONDS
        while time.monotonic() < deadline:
            pid = _main_pid(host, unit)
            if pid not in (0, before) and host.run(f"systemctl is-active {unit}").stdout.strip() == "active":
                break
            time.sleep(0.5)
        else:
            pytest.fail(f"{unit} did not come back: " + host.run(f"systemctl status --no-pager {unit}").stdout)
