# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check that proved nothing never counts as passed."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import (
    ReportError,
    row,
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
