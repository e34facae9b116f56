# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the role `runtime` as Ansible calls them."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.aegis.temporal.plugins.modules import artifact, managed_unit, release

DEFINITION = {
    "module": "example.org/tool",
    "packages": {"tool": "."},
    "archive_binaries": {"tool": "tool"},
    "archive_format": "binary",
    "archive_url": "https://example.org/tool-{arch}",
    "checksums_url": "https://example.org/checksums.txt",
}


def run(capsys, module, **arguments):
    with patch_module_args(arguments), pytest.raises(SystemExit) as end:
        module.main()
    return end.value.code, json.loads(capsys.readouterr().out)


def test_artifact_then_release(capsys, tmp_path):
    (tmp_path / "tool-amd64").write_bytes(b"tool")
    wish = {
        "component": "tool",
        "version": "1.0",
        "arch": "amd64",
        "definition": DEFINITION,
        "archive_directory": str(tmp_path),
        "archive_sha256": hashlib.sha256(b"tool").hexdigest(),
        "cache": str(tmp_path / "cache"),
    }
    code, planned = run(capsys, artifact, _ansible_check_mode=True, **wish)
    assert (code, planned["changed"], planned["path"], planned["sha256"]) == (0, True, "", "")
    code, made = run(capsys, artifact, **wish)
    assert (code, made["changed"]) == (0, True)
    assert made["log"]
    assert run(capsys, artifact, **wish)[1]["changed"] is False
    place = {"root": str(tmp_path / "opt"), "component": "tool", "version": "1.0", "sha256": made["sha256"]}
    code, asked = run(capsys, release, **place)
    assert (code, asked["changed"], asked["archive_needed"]) == (0, False, True)
    code, installed = run(capsys, release, archive=made["path"], **place)
    assert (code, installed["changed"]) == (0, True)
    assert (tmp_path / "opt/tool/current/bin/tool").read_bytes() == b"tool"


def test_artifact_names_what_is_missing(capsys, tmp_path):
    wish = {"component": "tool", "version": "1.0", "definition": DEFINITION, "cache": str(tmp_path)}
    code, result = run(capsys, artifact, archive_directory=str(tmp_path), **wish)
    assert code == 1
    assert "there is no file" in result["msg"]
    code, result = run(capsys, artifact, method="source", **wish)
    assert code == 1
    assert "go" in result["msg"]


def test_release_names_what_is_wrong(capsys, tmp_path):
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"), io.BytesIO())
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    wish = {"root": str(tmp_path / "opt"), "component": "tool", "version": "1.0", "archive": str(path)}
    code, result = run(capsys, release, sha256=sha256, **wish)
    assert code == 1
    assert "has no bin/ directory" in result["msg"]
    code, result = run(capsys, release, component="tool")
    assert code == 1
    assert "version" in result["msg"]


def test_managed_unit_translates_its_options():
    options = {
        "name": "demo@",
        "state": "started",
        "instances": ["0"],
        "files": ["/etc/demo"],
        "credentials": {"a": "/b"},
        "link": None,
        "health": [],
        "health_timeout": 1,
        "stop_timeout": 2,
        "pending": [],
        "restart_older_than": 3.5,
    }
    wish = managed_unit.wish(options)
    assert wish.sources.unit_file == "/etc/systemd/system/demo@.service"
    assert (wish.sources.files, wish.sources.credentials, wish.sources.link) == (["/etc/demo"], {"a": "/b"}, "")
    assert wish.restart_older_than == 3.5


def test_managed_unit_hides_secrets_in_its_error(capsys, monkeypatch):
    def fail(_manager):
        raise managed_unit.UnitError("the journal says pl4nted-value")

    monkeypatch.setattr(managed_unit.unit_manager.Manager, "converge", fail)
    code, result = run(capsys, managed_unit, name="demo", secrets=["pl4nted-value"])
    assert code == 1
    assert "pl4nted-value" not in json.dumps(result)
    assert result["msg"].startswith("the journal says")


def test_a_health_check_is_a_command_or_a_url(capsys):
    for check in ({}, {"argv": ["true"], "url": "http://127.0.0.1/"}):
        code, result = run(capsys, managed_unit, name="demo", health=[check])
        assert code == 1
        assert "argv" in result["msg"]
