# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check run would have changed is told with its difference, and silence is never taken for no drift."""

from __future__ import annotations

import json

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.drift import DriftError, difference, drift, lines


def _output(*results, stats=None):
    tasks = [{"task": {"name": "a task"}, "hosts": {"one": result}} for result in results]
    return json.dumps({"plays": [{"tasks": tasks}], "stats": stats or {"one": {}, "two": {}}})


def test_nothing_differs():
    found = drift(_output({"changed": False}, {"results": [{"changed": False}]}, {"results": []}))
    assert found == {"hosts": ["one", "two"], "changes": [], "problems": []}
    assert lines(found) == []


def test_each_item_of_a_loop_that_differs_is_a_change_and_a_failure_is_none():
    found = drift(
        "[WARNING]: something\n"
        + _output(
            {"changed": True, "results": [{"changed": True, "msg": "new"}, {"changed": False}]},
            {"failed": True, "changed": False, "msg": "no answer"},
            {"unreachable": True, "msg": "no route"},
        )
        + "\nwhat another callback prints"
    )
    assert [entry["text"] for entry in found["changes"]] == ["new"]
    assert [entry["text"] for entry in found["problems"]] == ["no answer", "no route"]
    assert lines(found)[:2] == ["one: would change (a task)", "    new"]
    assert lines(found)[2] == "one: could not be compared (a task)"


@pytest.mark.parametrize(
    ("diff", "text"),
    [
        (
            [{"before": "a\n", "after": "b\n", "before_header": "/x", "after_header": "/y"}],
            "--- /x\n+++ /y\n@@ -1 +1 @@\n-a\n+b",
        ),
        ({"before": {"mode": "0644"}, "after": {"mode": "0600"}}, '-  "mode": "0644"'),
        ([{"prepared": "what apt would do\n"}], "what apt would do"),
        ([{"before": None, "after": "b\n"}], "+b"),
        ([], "it would change"),
    ],
)
def test_differences_of_every_shape(diff, text):
    assert text in difference({"changed": True, "diff": diff})


@pytest.mark.parametrize("output", ["", "ERROR! the playbook could not be found", "{}", "{ no json", '{"plays": []}'])
def test_a_run_without_an_answer_is_an_error(output):
    with pytest.raises(DriftError, match="gave no answer"):
        drift(output, "what went wrong")
