# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every unit runs, starts at boot and is confined."""

from __future__ import annotations

import re

from units import units_of

testinfra_hosts = ["ansible://postgres", "ansible://temporal", "ansible://temporal_ui", "ansible://temporal_worker"]

# `systemd-analyze security` of a unit without any confinement is 9.6.
EXPOSURE_LIMIT = 1.5


def test_units_are_active_and_enabled(host, deployment):
    for group, unit in units_of(host, deployment):
        assert host.check_output(f"systemctl is-active {unit}") == "active"
        state = host.check_output(f"systemctl is-enabled {unit}")
        # Debian starts a cluster through postgresql.service, which makes its instances at boot.
        assert state in {"enabled", "enabled-runtime"}, (group, unit, state)


def test_units_are_confined(host, deployment):
    for _group, unit in units_of(host, deployment):
        summary = host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        match = re.search(r"unit: ([0-9.]+) ", summary.replace(unit, "unit"))
        assert match, summary
        assert float(match.group(1)) <= EXPOSURE_LIMIT, summary
