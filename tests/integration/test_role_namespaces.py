# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry point C(namespaces) of role temporal: what the inventory says of namespaces reaches the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from module_testing import Outcome, RecordingProxy

REPOSITORY = Path(__file__).resolve().parents[2]
Run = Callable[..., Outcome]
Unique = Callable[[str], str]


def play(directory: Path, url: str, namespaces: list[dict[str, Any]], *arguments: str) -> dict[str, int]:
    """Run the entry point on localhost and return the host's counts. All must be well."""
    role = {"name": "aegis.temporal.temporal", "tasks_from": "namespaces"}
    tasks = [{"ansible.builtin.import_role": role}]
    variables = {"temporal_http_urls": [url], "temporal_namespaces": namespaces}
    playbook = directory / "play.yml"
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}])
    )
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    completed = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", *arguments, str(playbook)],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".collections"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return dict(json.loads(completed.stdout)["stats"]["localhost"])


def test_namespaces_with_search_attributes(run: Run, frontend: RecordingProxy, tmp_path: Path, unique: Unique) -> None:
    plain, searched, gone = unique("plain"), unique("searched"), unique("gone")
    wanted: list[dict[str, Any]] = [
        {"name": plain},
        {
            "name": searched,
            "retention": "7d",
            "search_attributes": [{"name": "TenantId", "type": "Keyword"}, {"name": "Nr", "type": "Int"}],
        },
        {"name": gone, "state": "absent", "search_attributes": [{"name": "TenantId", "type": "Keyword"}]},
    ]
    assert play(tmp_path, frontend.url, wanted, "--check")["changed"] == 2
    assert frontend.writes == []
    assert play(tmp_path, frontend.url, wanted)["changed"] == 2
    told = run("search_attribute_info", {"namespace": searched})
    assert {entry["name"]: entry["type"] for entry in told["search_attributes"]} == {"TenantId": "Keyword", "Nr": "Int"}
    assert run("namespace_info", {"name": searched})["namespaces"][0]["retention"] == "7d"
    frontend.forget()
    assert play(tmp_path, frontend.url, wanted)["changed"] == 0
    assert frontend.writes == []
