# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module reports; it neither changes nor fails because of a problem."""

from __future__ import annotations

import json
import socket

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.aegis.temporal.plugins.modules import host_preflight


def run(capsys, **arguments):
    with patch_module_args(arguments), pytest.raises(SystemExit) as end:
        host_preflight.main()
    return end.value.code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("check_mode", [True, False])
def test_facts_without_any_wish(capsys, check_mode):
    code, result = run(capsys, systemd=False, _ansible_check_mode=check_mode)
    assert (code, result["changed"], result["problems"]) == (0, False, [])
    assert set(result["host"]) == {
        "hostname",
        "distribution",
        "architecture",
        "cpu_count",
        "memory_bytes",
        "systemd_version",
        "python",
        "units",
    }
    assert result["host"]["units"] == {}
    assert result["host"]["python"]["version"].startswith(result["host"]["python"]["minor"] + ".")


def test_all_problems_at_once(capsys):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, result = run(
            capsys,
            systemd=False,
            ports=[{"port": port, "address": "127.0.0.1", "variable": "temporal_ui_port"}],
            paths=[{"path": "/opt/x", "minimum_free_bytes": 1 << 60, "variable": "runtime_install_root"}],
            minimum_memory_bytes=1 << 60,
            python="/nonexistent/python",
            python_minimum="3.11",
        )
    assert code == 0
    assert [problem.split(" ")[0] for problem in result["problems"]] == [
        "/nonexistent/python",
        "this",
        "runtime_install_root",
        "temporal_ui_port",
    ]


def test_impossible_port_is_refused(capsys):
    code, result = run(capsys, ports=[{"port": 70000, "variable": "x"}])
    assert code == 1
    assert result["msg"] == "ports: 70000 is no port. Give a number from 1 to 65535."
