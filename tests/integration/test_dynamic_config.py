# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module dynamic_config and its table of keys against the real server's own validator."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.dynamic_config import CONSTRAINTS, known_keys
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load
from loopback_stack.binaries import DEFAULT_VERSION, find_server_binaries
from module_testing import play

VALUES = {"bool": True, "int": 1, "float": 0.5, "string": "x", "duration": "1m30s", "map": {"a": 1}, "typed": {}}
SAMPLES = {
    "namespace": "n",
    "namespaceID": "i",
    "taskQueueName": "q",
    "taskType": "Workflow",
    "shardID": 1,
    "historyTaskType": "TransferActivityTask",
    "destination": "d",
    "chasmTaskType": "c",
}


def server() -> str:
    return str(find_server_binaries().server)


def task(path: Path, values: dict[str, Any], **options: Any) -> dict[str, Any]:
    given = {"path": str(path), "values": values, "server_version": DEFAULT_VERSION, "server_binary": server()}
    return {"aegis.temporal.dynamic_config": {**given, **options}, "ignore_errors": True}


def test_the_server_takes_every_key_of_the_table_with_all_its_constraints(tmp_path: Path) -> None:
    known, certain = known_keys(load(), DEFAULT_VERSION)
    assert certain
    content = {
        key: [{"value": VALUES[kind], "constraints": {name: SAMPLES[name] for name in CONSTRAINTS[scope]}}]
        for key, kind, scope in known.values()
    }
    path = tmp_path / "all.yaml"
    path.write_text(json.dumps(content))
    done = subprocess.run(
        [server(), "validate-dynamic-config", str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    typed = ['key "%s"' % lower for lower, (_key, kind, _scope) in known.items() if kind == "typed"]
    complaints = [line for line in done.stdout.splitlines()[1:] if not any(key in line for key in typed)]
    assert complaints == []


def test_written_once_after_check_mode_foretold_it(tmp_path: Path) -> None:
    path = tmp_path / "dynamicconfig.yaml"
    limited = [{"value": 5}, {"value": 1, "constraints": {"namespace": "n"}}]
    wanted = task(path, {"frontend.namespaceRPS": limited, "frontend.rps": 2400}, comment="Mine.", mode="0640")
    # On a new host the directory is not there yet either: another task of the same run makes it.
    elsewhere = task(tmp_path / "not/yet/there", {"frontend.rps": 1})
    foretold, early = play(tmp_path, [wanted, elsewhere], arguments=["--check", "--diff"]).tasks
    assert foretold.changed, foretold.message
    assert early.changed, early.message
    assert not path.exists()
    first, second, other = play(
        tmp_path, [wanted, wanted, task(path, {"frontend.rps": 2401})], arguments=["--diff"]
    ).tasks
    assert first.changed, first.message
    assert first["diff"][0]["after"] == foretold["diff"][0]["after"]
    assert first["diff"][0]["after"].startswith("# Mine.\nfrontend.namespaceRPS:\n")
    assert not second.changed
    assert other.changed
    same = task(path, {"frontend.rps": 2401})
    for foretelling in (["--check"], ["--check", "--diff"]):
        (again,) = play(tmp_path, [same], arguments=foretelling).tasks
        assert not again.failed, again.message
        assert not again.changed
    assert "2400" in other["diff"][0]["before"]
    assert "2401" in other["diff"][0]["after"]
    assert yaml.safe_load(path.read_text()) == {"frontend.rps": [{"value": 2401, "constraints": {}}]}
    assert path.stat().st_mode & 0o7777 == 0o640


def test_what_is_refused_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "dynamicconfig.yaml"
    results = play(
        tmp_path,
        [
            task(path, {"frontend.rsp": 1, "frontend.namespaceRPS": "x"}),
            # The table does not know what is in a structure. The server does.
            task(path, {"worker.deleteNamespaceActivityLimitsConfig": "x"}),
            task(path, {}, server_version="1.32"),
            task(path, {}, server_version="1.99.0"),
            task(tmp_path / "nowhere/file", {}),
        ],
    ).tasks
    assert all(result.failed for result in results)
    texts = [result.message for result in results]
    assert "Do you mean frontend.rps?" in texts[0]
    assert "values['frontend.namespaceRPS'] is 'x': not a whole number" in texts[0]
    assert 'validation failed: key "worker.deletenamespaceactivitylimitsconfig"' in texts[1]
    assert "server_version is '1.32': not of the form X.Y.Z" in texts[2]
    assert "no keys of server 1.99.0 are known" in texts[3]
    assert "nowhere does not exist" in texts[4]
    assert not path.exists()


def test_a_host_without_the_server_and_a_patch_that_nobody_knows(tmp_path: Path) -> None:
    path = tmp_path / "dynamicconfig.yaml"
    absent = str(tmp_path / "temporal-server")
    done = play(tmp_path, [task(path, {"new.key": 1}, server_binary=absent, server_version="1.32.99")]).tasks[0]
    assert done.changed, done.message
    assert "server 1.32.99 does not know this key" in done["unknown_keys"][0]
