# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/preflight.yml on this machine: every problem is counted, and told on a line of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from module_testing import playbook

PLAYBOOK = Path(__file__).resolve().parents[2] / "playbooks/preflight.yml"


def refusal(directory: Path, **variables: Any) -> list[str]:
    """Run the preflight for one host with everything on it and return the lines of its refusal."""
    groups = ("postgres", "temporal", "temporal_ui", "temporal_worker", "aegis_orchestrator")
    sound = {
        "ansible_connection": "local",
        "credentials_directory": str(directory / "credentials"),
        "temporal_install_method": "source",
        "temporal_ui_install_method": "source",
    }
    inventory = {
        "all": {
            "vars": {**sound, **variables},
            "children": {group: {"hosts": {"one": {}}} for group in groups},
        }
    }
    path = directory / "hosts.yml"
    path.write_text(json.dumps(inventory))
    done = playbook(PLAYBOOK, ["-i", str(path)])
    assert done.returncode == 2, done.output
    return done.tasks[-1].message.splitlines()


def test_all_problems_of_roles_and_inventory(tmp_path: Path) -> None:
    lines = refusal(
        tmp_path,
        temporal_dynamic_config={"frontend.rsp": 1},
        temporal_log_level="loud",
        aegis_orchestrator_config_path="aegis-config.yaml",
    )
    assert lines[0] == "3 problem(s); nothing was changed."
    assert len(lines) == 4
    told = "\n".join(sorted(lines[1:]))
    assert "aegis_orchestrator_config_path of host one is 'aegis-config.yaml': not an absolute path" in told
    assert "temporal_dynamic_config['frontend.rsp'] is 1: server 1.32.2 does not know this key" in told
    assert "temporal_log_level is 'loud'" in told


def test_an_orchestrator_s_file_is_looked_at_before_anything_changes(tmp_path: Path) -> None:
    path = tmp_path / "aegis-config.yaml"
    path.write_text("a: 1\n---\nb: 2\n")
    lines = refusal(tmp_path, aegis_orchestrator_config_path=str(path))
    assert [line for line in lines if line.startswith("host one: path is '%s': it holds more than one" % path)]
    assert path.read_text() == "a: 1\n---\nb: 2\n"
