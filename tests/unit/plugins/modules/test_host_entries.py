# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `host_entries` as Ansible calls it."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.aegis.temporal.plugins.modules import host_entries


def run(capsys, **arguments):
    with patch_module_args({"name": "temporal-frontend", **arguments}), pytest.raises(SystemExit) as end:
        host_entries.main()
    return end.value.code, json.loads(capsys.readouterr().out)


@pytest.fixture
def hosts(tmp_path):
    path = tmp_path / "hosts"
    path.write_bytes(b"127.0.0.1 localhost # caf\xe9\r\n")
    path.chmod(0o640)
    return path


def test_entries_come_and_go(capsys, hosts):
    before = hosts.read_bytes()
    wish = {"path": str(hosts), "addresses": ["198.51.100.1", "198.51.100.2"]}
    code, planned = run(capsys, _ansible_check_mode=True, **wish)
    assert (code, planned["changed"], hosts.read_bytes()) == (0, True, before)
    code, entered = run(capsys, **wish)
    assert (code, entered["changed"], entered["addresses"]) == (0, True, ["198.51.100.1", "198.51.100.2"])
    assert entered["diff"][0]["after"].count("temporal-frontend\n") == 2
    assert hosts.read_bytes().startswith(before)
    assert hosts.stat().st_mode & 0o777 == 0o640
    assert run(capsys, **wish)[1]["changed"] is False
    assert run(capsys, path=str(hosts), addresses=[])[1]["changed"] is True
    assert hosts.read_bytes() == before


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"name": "two words", "addresses": ["198.51.100.1"]}, "name is 'two words': not a host name"),
        ({"name": None, "addresses": ["198.51.100.1"]}, "name is '': not a host name"),
        ({"addresses": ["nowhere.invalid"]}, "'nowhere.invalid' cannot be resolved"),
    ],
)
def test_what_cannot_be_done_is_told_and_leaves_the_file(capsys, hosts, wish, told):
    before = hosts.read_bytes()
    code, result = run(capsys, path=str(hosts), **wish)
    assert code == 1
    assert told in result["msg"]
    assert hosts.read_bytes() == before


def test_a_file_that_is_not_there_is_told(capsys, tmp_path):
    code, result = run(capsys, path=str(tmp_path / "hosts"), addresses=["198.51.100.1"])
    assert code == 1
    assert "No such file" in result["msg"]
