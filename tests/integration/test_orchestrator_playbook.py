# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/orchestrator.yml: the block is written, and an orchestrator that runs with an older one is restarted.

systemctl is a script that remembers: what systemd itself does with a unit is the business of the Molecule scenarios.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from module_testing import Play, playbook

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
SYSTEMCTL = """\
#!/bin/sh
state=%s
case "$*" in
  restart*) echo "$*" >> $state/calls; date -u '+%%a %%Y-%%m-%%d %%H:%%M:%%S UTC' > $state/started ;;
  show*|*' show '*)
    echo "LoadState=$(cat $state/load)"
    echo "ActiveState=$(cat $state/active)"
    echo "ExecMainStartTimestamp=$(cat $state/started)" ;;
  cat*) [ "$(cat $state/load)" = loaded ] ;;
esac
"""
LONG_AGO = "Thu 2026-01-01 00:00:00 UTC\n"
INVENTORY = """\
all:
  vars: {ansible_connection: local}
  children:
    temporal: {hosts: {server-1: {host_address: 192.0.2.21}}}
    temporal_worker: {hosts: {worker-1: {host_address: 192.0.2.41, temporal_worker_task_queue: %s}}}
    aegis_orchestrator:
      hosts:
        orchestrator-1: {aegis_orchestrator_config_path: %s, aegis_orchestrator_service: aegis}
        orchestrator-2: {ansible_connection: ssh, ansible_host: 192.0.2.99}
"""


class Host:
    """The orchestrator's host: its file, and a systemctl that remembers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "aegis-config.yaml"
        self.config.write_text("kind: NodeConfig\nspec: {token: hush}\n")
        (directory / "bin").mkdir()
        script = directory / "bin/systemctl"
        script.write_text(SYSTEMCTL % directory)
        script.chmod(0o755)
        self.is_unit("loaded", "active", LONG_AGO)

    def is_unit(self, load: str, active: str, started: str) -> None:
        for name, value in (("load", load), ("active", active), ("started", started)):
            (self.directory / name).write_text(value)

    def run(self, queue: str = "q1", *arguments: str) -> tuple[Play, int]:
        """Return what became of the tasks, and how often the unit was restarted."""
        inventory = self.directory / "hosts.yml"
        inventory.write_text(INVENTORY % (queue, self.config))
        calls = self.directory / "calls"
        calls.unlink(missing_ok=True)
        path = "%s:%s" % (self.directory / "bin", os.environ["PATH"])
        done = playbook(PLAYBOOKS / "orchestrator.yml", ["-i", str(inventory), *arguments], {"PATH": path})
        return done, len(calls.read_text().splitlines()) if calls.exists() else 0


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def changed(done: Play) -> int:
    assert done.returncode == 0, done.output
    assert "hush" not in done.output
    return sum(task.changed for task in done.tasks)


def test_a_new_block_restarts_the_orchestrator_and_a_second_run_does_nothing(host: Host) -> None:
    before = host.config.read_text()
    foretold, restarts = host.run("q1", "--check", "--diff")
    assert (changed(foretold), restarts, host.config.read_text()) == (2, 0, before)
    done, restarts = host.run()
    assert (changed(done), restarts) == (2, 1)
    text = host.config.read_text()
    assert "task_queue: " in text
    assert "192.0.2.21:7233" in text
    assert "http://192.0.2.41:3000" in text
    done, restarts = host.run()
    assert (changed(done), restarts, host.config.read_text()) == (0, 0, text)


def test_a_restart_that_was_lost_is_made_up_for(host: Host) -> None:
    host.run()
    # As after a play that was killed between the two tasks.
    host.is_unit("loaded", "active", LONG_AGO)
    assert host.run()[1] == 1
    assert host.run()[1] == 0


def test_one_that_does_not_run_is_left_alone_and_one_that_is_not_there_is_told(host: Host) -> None:
    host.is_unit("loaded", "inactive", "\n")
    done, restarts = host.run()
    assert (changed(done), restarts) == (1, 0)
    host.is_unit("not-found", "inactive", "\n")
    assert host.run()[0].returncode != 0


def test_a_running_orchestrator_is_newer_than_its_file(host: Host) -> None:
    host.run()
    later = time.strftime("%a %Y-%m-%d %H:%M:%S UTC\n", time.gmtime(time.time() + 3600))
    host.is_unit("loaded", "active", later)
    assert host.run()[1] == 0
