# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters cost before they do anything.

Ansible loads all filters of a collection when one is used, and it forks a process for each task and host: what was not
loaded before the fork is loaded in each of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[4]
# Those that a user runs by themselves, and what site.yml begins with.
FIRST = ("preflight", "restart", "remove", "drain", "drift", "diagnose", "promote", "verify")

LOAD = """
import sys
from ansible.plugins.loader import filter_loader, init_plugin_loader

init_plugin_loader([])
found = filter_loader.get("aegis.temporal.topology")
assert found is not None
loaded = [name for name in sys.modules if name.startswith("ansible_collections.aegis.temporal.plugins.filter.")]
assert len(loaded) > 10, loaded
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1:])))
"""


def test_no_filter_brings_a_library_that_only_modules_need() -> None:
    heavy = ["requests", "urllib3", "psycopg2", "docker", "temporalio", "grpc"]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, *heavy],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        timeout=120,
    )
    assert done.stdout.split() == []


# Callbacks run in the process that forks.
TELL = """
import sys
from ansible.plugins.callback import CallbackBase

class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME = 2.0, "aggregate", "tell"

    def v2_playbook_on_play_start(self, play):
        loaded = "ansible_collections.aegis.temporal.plugins.filter.topology" in sys.modules
        self._display.display("%s | loaded: %s" % (play.get_name(), loaded))
"""


def test_the_name_of_a_play_loads_the_filters_before_the_first_fork(tmp_path: Path) -> None:
    (tmp_path / "tell.py").write_text(TELL, encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "--inventory=localhost,", "playbooks/preflight.yml"],
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
        timeout=120,
        env={**os.environ, "ANSIBLE_CALLBACK_PLUGINS": str(tmp_path), "ANSIBLE_CALLBACKS_ENABLED": "tell"},
    )
    assert "Preflight in an inventory with no hosts | loaded: True" in done.stdout.splitlines()


@pytest.mark.parametrize("playbook", FIRST)
def test_a_playbook_names_its_first_play_with_a_filter(playbook: str) -> None:
    first = yaml.safe_load((REPOSITORY / f"playbooks/{playbook}.yml").read_text(encoding="utf-8"))[0]
    assert "| aegis.temporal." in first["name"]
