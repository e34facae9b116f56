# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module verify_report as Ansible calls it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.aegis.temporal.plugins.modules import verify_report

GOOD = {"id": "a", "name": "a check", "host": "one", "result": {"failed": False, "elapsed": 1.5}}
BAD = {"id": "b", "name": "another", "host": "two", "result": {"failed": True, "msg": "no poller"}, "fix": "Start one."}
LATE = {"id": "c", "name": "a third", "host": "two", "needs": ["b"]}


def run(capsys, **arguments):
    with patch_module_args(arguments), pytest.raises(SystemExit) as end:
        verify_report.main()
    return end.value.code, json.loads(capsys.readouterr().out)


def test_every_format_is_written_though_a_check_failed(capsys, tmp_path):
    path = tmp_path / "new" / "report.json"
    code, result = run(capsys, checks=[GOOD, BAD, LATE], path=str(path), formats=["json", "junit", "html"])
    assert code == 1
    assert result["msg"] == "1 of 3 checks failed.\nanother on two: no poller"
    report = json.loads(path.read_text())
    assert (report["passed"], report["counts"]) == (False, {"passed": 1, "failed": 1, "blocked": 1})
    assert report["checks"] == result["rows"]
    assert ET.parse(result["paths"]["junit"]).find("testsuite").get("tests") == "3"
    assert "no poller" in (tmp_path / "new" / "report.html").read_text()
    assert {(tmp_path / "new" / name).stat().st_mode & 0o777 for name in ("report.xml", "report.html")} == {0o644}


def test_all_passed(capsys, tmp_path):
    code, result = run(capsys, checks=[GOOD], path=str(tmp_path / "report.json"))
    assert (code, result["changed"], result.get("failed", False)) == (0, False, False)
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is True
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["report.json"]


def test_no_check_at_all_is_a_failure(capsys, tmp_path):
    code, result = run(capsys, checks=[], path=str(tmp_path / "report.json"))
    assert (code, result["msg"]) == (1, "0 of 0 checks failed.\nthere are no checks")
    assert json.loads((tmp_path / "report.json").read_text())["passed"] is False


def test_check_mode_writes_nothing(capsys, tmp_path):
    code, result = run(capsys, checks=[GOOD], path=str(tmp_path / "report.json"), _ansible_check_mode=True)
    assert (code, list(tmp_path.iterdir())) == (0, [])
    assert result["table"][1].startswith("passed")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"formats": ["json", "html"], "html_path": "report.json"}, "name one file for two formats"),
        ({"checks": [{**GOOD, "needs": ["a"]}]}, "a needs a needs itself"),
        ({"path": "/dev/null/report.json"}, "cannot be written to /dev/null/report.json"),
    ],
)
def test_what_cannot_be_reported_is_refused(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, result = run(capsys, **{"checks": [GOOD], "path": "report.json", **arguments})
    assert code == 1
    assert message in result["msg"]
