# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check that proved nothing never counts as passed."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import (
    ReportError,
    counts,
    row,
    rows,
    seconds,
    table,
)


def _row(result, **more):
    return row({"name": "a check", "host": "one", "result": result, **more})


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"elapsed": 2}, 2.0),
        ({"delta": "0:00:01.500000"}, 1.5),
        ({"delta": "1:02:03.000000"}, 3723.0),
        ({"delta": "1 day, 0:00:01.000000"}, 86401.0),
        ({}, None),
    ],
)
def test_seconds(result, expected):
    assert seconds(result) == expected


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        (None, "the check did not run"),
        ({}, "the check did not run"),
        ({"skipped": True}, "the check was skipped"),
        ({"failed": True, "msg": "no poller"}, "no poller"),
        ({"unreachable": True, "msg": "no route"}, "no route"),
        ({"failed": True, "stderr": "refused"}, "refused"),
    ],
)
def test_what_proved_nothing_failed(result, detail):
    entry = _row(result)
    assert (entry["result"], entry["detail"]) == ("failed", detail)


def test_a_passed_check_shows_its_detail():
    entry = _row({"failed": False, "elapsed": 0.25}, detail="2 pollers")
    assert (entry["result"], entry["seconds"], entry["detail"]) == ("passed", 0.25, "2 pollers")


def test_a_result_of_the_wrong_shape_is_refused():
    with pytest.raises(ReportError, match="a check"):
        _row(["no", "mapping"])


def test_table_lines_up():
    lines = table([_row({"elapsed": 1}), _row({"failed": True, "msg": "first line\nsecond line"})])
    assert lines[0].split() == ["RESULT", "SECONDS", "HOST", "CHECK", "DETAIL"]
    assert lines[2].endswith("first line")
    assert len({line.index("one") for line in lines[1:]}) == 1


def _check(key, failed=None, host="one", needs=(), **more):
    result = {"failed": failed, "msg": "broken"} if failed is not None else None
    return {"id": key, "name": "check " + key, "host": host, "result": result, "needs": list(needs), **more}


def _results(*checks):
    return [(entry["result"], entry["blocked_by"]) for entry in rows(checks)]


def test_the_first_failure_explains_those_that_need_it():
    chain = (_check("a", True), _check("b", True, needs=["a"]), _check("c", needs=["b"]), _check("d", False))
    assert _results(*chain) == [("failed", ""), ("blocked", "a"), ("blocked", "a"), ("passed", "")]
    assert rows(chain)[2]["detail"] == "blocked by check a on one"
    assert counts(rows(chain)) == {"passed": 1, "failed": 1, "blocked": 2}


def test_a_check_that_passed_though_its_need_failed_counts_as_neither():
    assert _results(_check("a", True), _check("b", False, needs=["a"]))[1] == ("blocked", "a")


def test_what_a_local_check_needs_counts_on_its_own_host_alone():
    checks = (
        _check("ui", True, host="one"),
        _check("ui", False, host="two"),
        _check("api", False, host="one", needs=["ui"], local=True),
        _check("api", False, host="two", needs=["ui"], local=True),
        _check("far", False, host="three", needs=["ui"], local=True),
        # Runs once for all, on a host where what it needs happens to be well.
        _check("all", False, host="two", needs=["ui"]),
    )
    assert [result for result, _by in _results(*checks)] == [
        "failed",
        "passed",
        "blocked",
        "passed",
        "blocked",
        "blocked",
    ]


def test_the_order_of_checks_does_not_matter_and_a_need_that_was_not_chosen_blocks_nobody():
    assert _results(_check("b", False, needs=["a"]), _check("a", True)) == [("blocked", "a"), ("failed", "")]
    assert _results(_check("b", False, needs=["nobody"])) == [("passed", "")]


def test_checks_that_need_each_other_are_refused():
    with pytest.raises(ReportError, match="a needs b needs a needs itself"):
        rows([_check("a", False, needs=["b"]), _check("b", False, needs=["a"])])


def test_a_need_that_did_not_run_blocks_too():
    assert _results(_check("a"), _check("b", False, needs=["a"]))[1] == ("blocked", "a")


def test_advice_is_for_failures_alone_and_stands_below_the_table():
    advice = {"cause": "It is off.", "fix": "Switch it on."}
    entries = rows([_check("a", True, **advice), _check("b", False, **advice), _check("c", needs=["a"], **advice)])
    assert [(entry["cause"], entry["fix"]) for entry in entries] == [
        ("It is off.", "Switch it on."),
        ("", ""),
        ("", ""),
    ]
    assert table(entries)[-1] == "check a on one: It is off. Switch it on."
    assert len(table(entries)) == 5
