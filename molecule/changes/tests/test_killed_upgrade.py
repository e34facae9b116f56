# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play that brings the worker up to date is killed on the way: the next one still knows what to go back to."""

from __future__ import annotations

import subprocess

import pytest
from newer_collection import newer_collection
from playbook import playbook, playbook_killed_when

HOST = "molecule-changes-host"
UNIT = "aegis-temporal-worker@0.service"


# Not by testinfra: the moment is short.
def _on_host(*argv: str) -> str:
    return subprocess.run(["docker", "exec", HOST, *argv], capture_output=True, text=True, check=True).stdout.strip()


def _current() -> str:
    return _on_host("readlink", "/opt/aegis-temporal/temporal-worker/current").partition("-")[0]


def _invocation() -> str:
    return _on_host("systemctl", "show", "--property=InvocationID", "--value", UNIT)


@pytest.mark.parametrize("killed_when", ["switched", "restarted"])
def test_a_version_that_does_not_start_is_taken_back_after_a_killed_play(deployment, tmp_path, killed_when):
    before = _invocation()
    broken = newer_collection(tmp_path, "0.1.1", 'raise RuntimeError("broken on purpose")')
    path = broken.playbook("temporal_worker")

    def reached() -> bool:
        return _current() == "0.1.1" and (killed_when == "switched" or _invocation() != before)

    playbook_killed_when(reached, path, deployment.inventory, environment=broken.environment)
    assert _current() == "0.1.1"
    assert (_invocation() != before) is (killed_when == "restarted")

    again = playbook(
        path,
        deployment.inventory,
        # What does not start is waited for as long; what is returned to may need it on a busy machine.
        variables={"temporal_worker_health_timeout": 60},
        environment=broken.environment,
    )
    assert again.status != 0, again.output[-4000:]
    assert "broken on purpose" in again.output
    assert f"{HOST} runs 0.1.0-" in again.message, again.output[-4000:]
    assert _current() == "0.1.0"
    assert _on_host("systemctl", "is-active", UNIT) == "active"

    as_declared = playbook("playbooks/temporal_worker.yml", deployment.inventory)
    assert as_declared.status == 0, as_declared.output[-4000:]
    assert not any(as_declared.changed.values()), as_declared.changed
