# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios under load share: the load on a deployment, and which worker took what."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from temporalio.client import Client
from workflow_load import Figures, RunningLoad
from workflow_load.ledger import read


def load_options(deployment: Any, *more: str) -> list[str]:
    """Options of the load: every frontend of the inventory, its first worker, and its stand-in."""
    frontends = [f"--frontend={address}:7233" for address in deployment.addresses("temporal")]
    return [
        *frontends,
        f"--register-url={deployment.register_url}",
        f"--orchestrator-ledger=http://{deployment.address('standin')}:8080/standin/ledger",
        *more,
    ]


def accepted_ids(load: RunningLoad) -> list[str]:
    """The runs that were accepted so far, in order."""
    return [entry["id"] for entry in read(load.directory / "ledger.jsonl") if entry["kind"] == "accepted"]


def identities(address: str, ids: Sequence[str]) -> set[str]:
    """Who worked on these runs, as their histories tell: the workers' identities."""

    async def ask() -> set[str]:
        client = await Client.connect(address)
        histories = [await client.get_workflow_handle(name).fetch_history() for name in ids]
        return {
            event.workflow_task_completed_event_attributes.identity
            for history in histories
            for event in history.events
            if event.HasField("workflow_task_completed_event_attributes")
        }

    return asyncio.run(ask())


def tell(capsys: Any, directory: Path, figures: Figures, *more: str) -> None:
    """Print the figures of a scenario, whether it passed or not."""
    with capsys.disabled():
        print("\n" + "\n".join([*figures.lines(), *more, f"ledger and figures: {directory}"]))
