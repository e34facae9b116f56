# SPDX-License-Identifier: Apache-2.0
"""Recorded histories of a real server replay with today's code, so that an upgrade breaks no running execution."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from .conftest import HISTORIES

RECORDED = sorted(HISTORIES.glob("*.json"))


def load(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


def test_there_are_histories() -> None:
    assert {path.stem for path in RECORDED} >= {"echo", "cancelled", "visit_limit", "five_states"}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_replays(path: Path, replayer: Replayer) -> None:
    """Contract 4.1: determinism, and runs in flight survive an upgrade of this worker."""
    await replayer.replay_workflow(load(path))


async def test_a_history_that_does_not_fit_is_noticed(replayer: Replayer) -> None:
    recorded = (HISTORIES / "echo.json").read_text(encoding="utf-8")
    changed = recorded.replace("executeSystemCommandActivity", "someOtherActivity")
    assert changed != recorded
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(WorkflowHistory.from_json("changed", changed))
