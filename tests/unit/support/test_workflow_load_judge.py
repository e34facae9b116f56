# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of the load's ledger: what counts as accepted, failed, lost and repeated."""

from __future__ import annotations

from typing import Any

import pytest
from workflow_load import judge
from workflow_load.ledger import Ledger, read

IDS = ("one", "two", "three")


def _entries(**found: dict[str, Any]) -> list[dict[str, Any]]:
    """A load of three starts, a second apart, all of which ended well unless ``found`` says otherwise."""
    entries: list[dict[str, Any]] = [
        {"at": 90.0, "kind": "calibrated", "rate": 2.0, "runs": 20, "concurrency": 4},
        {"at": 100.0, "kind": "begun", "rate": 1.0},
    ]
    for number, name in enumerate(IDS):
        entries.append({"at": 100.0 + number, "kind": "planned", "id": name})
        entries.append({"at": 100.1 + number, "kind": "accepted", "id": name, "seconds": 0.1})
    entries.append({"at": 104.0, "kind": "ended", "calls": {"start": 3, "wait": 3}, "slowest": {"start": 0.1}})
    for number, name in enumerate(IDS):
        well = {"status": "COMPLETED", "output_is_right": True, "closed_at": 101.5 + number}
        entries.append({"at": 105.0, "kind": "found", "id": name} | well | found.get(name, {}))
    return entries


def _orchestrator(*ids: str) -> list[dict[str, Any]]:
    """What the orchestrator was told of runs with one command."""
    entries: list[dict[str, Any]] = []
    for name in ids:
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("WorkflowExecutionStarted", {}),
            ("WorkflowStateEntered", {"state_name": "WORK"}),
            (
                "WorkflowStateExited",
                {"state_name": "WORK", "output": {"status": "success", "stdout": "", "exit_code": 0}},
            ),
            ("WorkflowExecutionCompleted", {}),
        ]
        for number, (kind, fields) in enumerate(kinds, 1):
            event = {"event_type": kind, "execution_id": name} | fields
            entries.append(
                {"kind": "event", "execution_id": name, "sequence": number, "status": 200, "event": event}
                | {"received_at": f"2026-01-01T00:00:0{number}+00:00", "reason": None}
            )
            if kind == "WorkflowStateEntered":
                entries.append(_command(name))
    return entries


def _command(name: str) -> dict[str, Any]:
    request = {"env": {"RUN_ID": name, "STATE": "WORK"}}
    return {"kind": "call", "execution_id": None, "method": "ExecuteSystemCommand", "request": request}


def test_all_is_well() -> None:
    figures = judge(_entries(), _orchestrator(*IDS))
    assert not figures.problems
    assert figures.valid
    assert (figures.planned, figures.accepted, figures.completed) == (3, 3, 3)
    assert (figures.failed, figures.lost, figures.repeated) == (0, 0, 0)
    assert (figures.calls, figures.failed_calls) == (6, 0)
    # From the first start to the first end, which is longer than from one end to the next.
    assert figures.longest_gap_seconds == pytest.approx(1.5)


def test_a_terminated_run_has_failed() -> None:
    figures = judge(_entries(two={"status": "TERMINATED", "output_is_right": False}), _orchestrator(*IDS))
    assert (figures.completed, figures.failed, figures.lost) == (2, 1, 0)
    assert "two ended as TERMINATED" in figures.problems[0]


def test_a_wrong_output_has_failed() -> None:
    assert judge(_entries(two={"output_is_right": False}), _orchestrator(*IDS)).failed == 1


@pytest.mark.parametrize("status", ["NOT_FOUND", "RUNNING"])
def test_an_accepted_run_that_is_gone_or_does_not_end_is_lost(status: str) -> None:
    gone = {"status": status, "output_is_right": False, "closed_at": None}
    figures = judge(_entries(three=gone), _orchestrator(*IDS))
    assert (figures.accepted, figures.completed, figures.lost) == (3, 2, 1)
    assert f"three is lost: {status}" in figures.problems


def test_a_start_that_was_refused_is_not_accepted_and_makes_the_load_too_light() -> None:
    entries = [entry for entry in _entries() if (entry["kind"], entry.get("id")) != ("accepted", "three")]
    entries.append({"at": 103.0, "kind": "failed_call", "id": "three", "call": "start", "error": "refused"})
    gone = {"status": "NOT_FOUND", "closed_at": None}
    entries = [entry | gone if (entry["kind"], entry.get("id")) == ("found", "three") else entry for entry in entries]
    figures = judge(entries, _orchestrator("one", "two"))
    assert (figures.accepted, figures.lost, figures.failed_calls) == (2, 0, 1)
    assert not figures.valid
    assert not figures.problems
    assert figures.failed_call_share == pytest.approx(1 / 6)


def test_a_start_whose_answer_was_lost_counts_as_accepted() -> None:
    entries = [entry for entry in _entries() if (entry["kind"], entry.get("id")) != ("accepted", "three")]
    assert judge(entries, _orchestrator(*IDS)).accepted == 3


def test_a_command_that_was_asked_for_twice_is_counted_and_told() -> None:
    orchestrator = _orchestrator(*IDS)
    orchestrator.insert(2, _command("one"))
    figures = judge(_entries(), orchestrator)
    assert figures.repeated == 1
    assert any("was begun 2 times" in problem for problem in figures.problems)


def test_a_run_of_which_the_orchestrator_heard_nothing_is_told() -> None:
    assert any("three" in problem for problem in judge(_entries(), _orchestrator("one", "two")).problems)


def test_a_ledger_that_was_not_looked_up_says_nothing() -> None:
    entries = [entry for entry in _entries() if entry["kind"] != "found"]
    with pytest.raises(ValueError, match="3 of 3 planned starts were not looked up"):
        judge(entries, [])


def test_a_load_that_did_not_end_says_nothing() -> None:
    entries = [entry for entry in _entries() if entry["kind"] != "ended"]
    with pytest.raises(ValueError, match="0 entries of the kind 'ended'"):
        judge(entries, [])


def test_the_file_is_read_up_to_the_last_whole_line(tmp_path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    ledger.note("planned", id="one")
    ledger.close()
    with path.open("a") as file:
        file.write('{"kind": "acc')
    assert [entry["id"] for entry in read(path)] == ["one"]
    with pytest.raises(FileExistsError):
        Ledger(path)
