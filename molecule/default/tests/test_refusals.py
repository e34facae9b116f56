# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot work is refused with words that help, before anything is changed."""

from __future__ import annotations

import pytest
from playbook import site

testinfra_hosts = ["ansible://temporal"]
UNITS = ["temporal-server.service", "temporal-ui.service", "aegis-temporal-worker@0.service"]

REFUSALS = {
    "a changed shard count": (
        {"temporal_num_history_shards": 1024},
        ["temporal_num_history_shards is 1024", "512"],
    ),
    "a membership port above 32767": (
        {"temporal_service_settings": {"history": {"membership_port": 40000}}},
        ["temporal_service_settings.history.membership_port is 40000", "32767"],
    ),
    "a port that something else holds": (
        {"temporal_worker_port": 3999},
        ["temporal_worker_port is 3999", "python3"],
    ),
    "a file system without space": (
        {"runtime_install_root": "/mnt/small"},
        ["runtime_install_root (/mnt/small)", "8 MiB free"],
    ),
    "the plugin name of another age": (
        {"temporal_database_plugin": "postgresql"},
        ["temporal_database_plugin is 'postgresql'", "postgres12"],
    ),
    "every problem at once": (
        {
            "temporal_version": "1.30.0",
            "temporal_services": ["frontend", "histroy", "matching", "worker"],
            "temporal_worker_replicas": 0,
            "temporal_visibility_database_name": "temporal",
            "temporal_worker_deployment_name": "aegis",
        },
        [
            "temporal_version is '1.30.0'",
            "histroy",
            "temporal_worker_replicas is 0",
            "temporal_visibility_database_name",
            "temporal_worker_build_id is",
        ],
    ),
    "a wrong password for a managed server": (
        {"postgres_mode": "managed", "temporal_database_password": "not the password"},
        ["temporal_database_password"],
    ),
}


@pytest.fixture(scope="module", autouse=True)
def _obstacles(host):
    """Something else listens on port 3999, and a file system is nearly full."""
    host.check_output("systemd-run --quiet --unit=obstacle python3 -m http.server 3999")
    host.check_output("mkdir -p /mnt/small && mount -t tmpfs -o size=8m tmpfs /mnt/small")
    yield
    host.check_output("systemctl stop obstacle")
    host.check_output("umount /mnt/small && rmdir /mnt/small")


def _running(host):
    pids = {unit: host.check_output(f"systemctl show --property=MainPID --value {unit}") for unit in UNITS}
    files = host.check_output(
        "find /etc/temporal /etc/temporal-ui /etc/aegis-temporal /etc/systemd/system /opt/aegis-temporal "
        "/etc/postgresql -newermt '1970-01-02' -printf '%p %T@ %l\\n' | sort | sha256sum"
    )
    return pids, files


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_and_nothing_is_touched(host, deployment, name):
    variables, words = REFUSALS[name]
    before = _running(host)
    run = site(deployment.inventory, variables=variables)
    assert run.status != 0, run.output[-4000:]
    for word in words:
        assert word in run.message, (word, run.output[-4000:])
    assert "not the password" not in run.output
    assert run.changed, run.output[-4000:]
    assert not any(run.changed.values()), run.changed
    assert _running(host) == before
