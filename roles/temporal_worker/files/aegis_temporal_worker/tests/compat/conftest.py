# SPDX-License-Identifier: Apache-2.0
"""Playing scenarios, and comparing them with their golden files.

``UPDATE_GOLDEN=1 pytest tests/compat`` writes the golden files anew. Read the difference against the contract before
you keep it: a golden file says what the orchestrator gets, so every change of one changes the wire.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from loopback_stack import Database, TemporalStack

from aegis_temporal_worker.standin.script import agent_uuid
from aegis_temporal_worker.store import DefinitionStore

from ..replay.conftest import Keep, keep, replayer
from .transcript import transcript
from .world import HERE, Scenario, World, definition, script, world

__all__ = ["keep", "replayer"]

GOLDEN = HERE / "golden"

Worlds = Callable[[str | None], AbstractAsyncContextManager[World]]
Check = Callable[[Scenario], Awaitable[dict[str, Any]]]


@pytest.fixture
def worlds(temporal_stack: TemporalStack, store: DefinitionStore, database: Database, tmp_path: Path) -> Worlds:
    """Makes the worker and the stand-in, which answers as a script says."""
    return lambda name: world(temporal_stack, store, database.dsn, tmp_path, script(name))


@pytest.fixture
def check(worlds: Worlds, keep: Keep) -> Check:
    """Plays a scenario to its end and compares its transcript with the golden file; gives the transcript.

    The history is replayed, and kept in the corpus of histories when that was asked for.
    """

    async def play(scenario: Scenario) -> dict[str, Any]:
        async with worlds(scenario.script) as here:
            handle = await here.play(scenario)
            result = await handle.result()
            await here.until_children_ended()
            await keep(handle, f"played_{scenario.name}")
            entries = await here.ledger()
            made = transcript(entries, handle.id, result, _known(scenario), str(here.scratch))
        golden = GOLDEN / f"{scenario.name}.json"
        if os.environ.get("UPDATE_GOLDEN"):
            GOLDEN.mkdir(exist_ok=True)
            golden.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        assert made == json.loads(golden.read_text(encoding="utf-8"))
        return made

    return play


def _known(scenario: Scenario) -> dict[str, str]:
    """Names of the ids that are not the run's own."""
    answers = script(scenario.script)
    mentioned = [name for item in scenario.definitions for name in _agents(definition(item))]
    agents = {agent_uuid(name): f"<agent {name}>" for name in (*answers.agents, *answers.judges, *mentioned)}
    return agents | {definition(name)["workflow_id"]: f"<definition {name}>" for name in scenario.definitions}


def _agents(value: Any) -> Iterator[str]:
    """The names of agents in a definition."""
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        if key in ("agent", "agent_id", "pre_execution_validator") and isinstance(member, str):
            yield member
        elif isinstance(member, (dict, list)):
            yield from _agents(member)
