# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option src of aegis.temporal.workflow_definition: files of the control node, in a play."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from module_testing import AegisWorker, run_module

REPOSITORY = Path(__file__).resolve().parents[2]
DEFINITION: dict[str, Any] = {
    "workflow_id": "5f0d6a61-51ab-4a41-8d2d-1f4f8b0c9a10",
    "tenant_id": "aegis-system",
    "name": "from-a-file",
    "version": "1.0.0",
    "initial_state": "SAY",
    "context": {"word": "h\u00e9llo \U0001f600"},
    # Neither Ansible's nor anybody's to render before the worker does.
    "states": {"SAY": {"kind": "System", "command": "echo {{workflow.context.word}} {{ undefined }}"}},
}


def play(directory: Path, url: str, vault: str | None = None, **options: Any) -> dict[str, Any]:
    """Run the module in a play; the result of its task."""
    arguments = {"url": url, **options}
    task = {"name": "Definition", "aegis.temporal.workflow_definition": arguments, "ignore_errors": True}
    # A host that is not the control node's own directory: what src names must not be looked for there.
    (directory / "play.yml").write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "elsewhere,", "-c", "local"]
    completed = subprocess.run(
        [*command, *(["--vault-password-file", vault] if vault else []), str(directory / "play.yml")],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert completed.stdout.startswith("{"), completed.stdout + completed.stderr
    result: dict[str, Any] = json.loads(completed.stdout)["plays"][0]["tasks"][0]["hosts"]["elsewhere"]
    return result


def write(directory: Path, name: str, content: str) -> str:
    """Put a file where a play looks for it; returns the name to use."""
    (directory / "files").mkdir(exist_ok=True)
    (directory / "files" / name).write_text(content, encoding="utf-8")
    return name


def test_json_and_yaml_are_the_same(real_worker: AegisWorker, tmp_path: Path) -> None:
    # Escapes and tabs that are JSON, but that PyYAML does not read.
    as_json = write(tmp_path, "it.json", json.dumps(DEFINITION, indent="\t").replace("/", "\\/"))
    as_yaml = write(tmp_path, "it.yml", yaml.safe_dump(DEFINITION, allow_unicode=True))
    first = play(tmp_path, real_worker.url, src=as_json)
    assert (first["changed"], first["operation"]) == (True, "registered"), first
    again = play(tmp_path, real_worker.url, src=str(tmp_path / "files" / as_yaml))
    assert (again["changed"], again["operation"]) == (False, "none"), again
    shown = run_module("workflow_definition_info", {"url": real_worker.url, "workflow_id": DEFINITION["workflow_id"]})
    assert shown["workflows"][0]["definition"] == DEFINITION


def test_a_vaulted_file(real_worker: AegisWorker, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("planted")
    name = write(tmp_path, "it.json", json.dumps({**DEFINITION, "name": "from-a-vault", "version": "2"}))
    vault = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*vault, str(tmp_path / "files" / name)], check=True, capture_output=True)
    result = play(tmp_path, real_worker.url, vault=str(password), src=name)
    assert result["definition"]["name"] == "from-a-vault"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind: Workflow\nmetadata: {name: x}\n", "src 'it.yml' is a workflow manifest (kind: Workflow)"),
        ("name: x\n", "src 'it.yml' lacks workflow_id, tenant_id, version, states"),
        ("context: {day: 2026-11-28}\n", "context.day is 2026-11-28, a date (put it in quotes)"),
        ("context: {on: 1}\n", "the key True in context is no text (put it in quotes)"),
        ("- 1\n", "src is 'it.yml': it holds a list, not one definition"),
        ("a: [\n", "src is 'it.yml': neither JSON nor YAML"),
        ("a: 1\n---\nb: 1\n", "src is 'it.yml': neither JSON nor YAML"),
        ("a: !!python/object:os.system {}\n", "src is 'it.yml': neither JSON nor YAML"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: str, message: str) -> None:
    result = play(tmp_path, "http://127.0.0.1:1", src=write(tmp_path, "it.yml", content))
    assert result["failed"]
    assert message in result["msg"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = play(tmp_path, "http://127.0.0.1:1", src="nosuch.json")
    assert "nosuch.json" in result["msg"]


def test_not_both(tmp_path: Path) -> None:
    result = play(tmp_path, "http://127.0.0.1:1", src=write(tmp_path, "it.json", "{}"), definition={"name": "x"})
    assert "definition and src are both set" in result["msg"]
