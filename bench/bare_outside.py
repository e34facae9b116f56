# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bare worker's activity with the work that a System state does outside: two events sent, one command run.

As plain as one would write it: no retries, no marks, no limits. It shows what of a difference is that work's.
"""

from __future__ import annotations

from datetime import UTC, datetime

import aiohttp
import grpc
from aegis_temporal_worker.runtime.proto import aegis_runtime_pb2 as pb
from aegis_temporal_worker.runtime.proto.aegis_runtime_pb2_grpc import AegisRuntimeStub
from temporalio import activity


class Outside:
    """One session and one channel for all activities."""

    def __init__(self, session: aiohttp.ClientSession, channel: grpc.aio.Channel, url: str) -> None:
        self._session = session
        self._stub = AegisRuntimeStub(channel)
        self._url = f"{url}/v1/temporal-events"

    @activity.defn(name="nothing")
    async def work(self) -> None:
        """Tell that a state was entered, run its command, tell that it was left."""
        number = int(activity.info().activity_id)
        await self._tell("WorkflowStateEntered", 2 * number)
        request = pb.ExecuteSystemCommandRequest(command="true", timeout_seconds=600)
        answer = await self._stub.ExecuteSystemCommand(request, timeout=30)
        output = {"status": "success", "exit_code": answer.exit_code, "stdout": answer.stdout, "stderr": answer.stderr}
        await self._tell("WorkflowStateExited", 2 * number + 1, output=output)

    async def _tell(self, event_type: str, number: int, **fields: object) -> None:
        event = {
            "event_type": event_type,
            "execution_id": activity.info().workflow_id,
            "temporal_sequence_number": number,
            "timestamp": datetime.now(UTC).isoformat(),
            "state_name": "S",
            **fields,
        }
        async with self._session.post(self._url, json=event) as response:
            response.raise_for_status()
