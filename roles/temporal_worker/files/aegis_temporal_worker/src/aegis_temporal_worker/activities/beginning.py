# SPDX-License-Identifier: Apache-2.0
"""Work that is done at most once, although its activity may be started again after its worker was lost.

The mark ``{"begun": true}`` in the activity's heartbeat details tells the next attempt that the work may have had
effects. It counts only when the server has confirmed it, which the SDK's own heartbeat never tells: that one is queued
and throttled. And no heartbeat with ``begun: false`` may overtake the mark. So until the mark is set this module sends
the heartbeats itself, one after the other; a request that was not answered ends the attempt, and the server takes no
heartbeat of an attempt that is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.api.workflowservice.v1 import RecordActivityTaskHeartbeatRequest
from temporalio.service import RPCError

from . import heartbeat
from .errors import not_begun

_KEY: Final = "begun"
# Details of every heartbeat once the work may have begun.
BEGUN: Final = {_KEY: True}
_NOT_BEGUN: Final = {_KEY: False}

# Well below the 6 s after which the server takes the worker for dead (temporal/policies.py).
_ANSWER_SECONDS: Final = 3.0
# The SDK ends an activity by itself when it sees no heartbeat for the limit and 5 s more, and ours pass it by. So a
# long preparation gives it one now and then, rarely enough that it is sent at once and not held back ...
_SDK_SECONDS: Final = 4.0
# ... and the mark waits until the last of them has certainly arrived.
_SETTLE_SECONDS: Final = 2.5
# How long the SDK gets to cancel an activity after the server has asked for that.
_STOP_SECONDS: Final = 10.0


def begun_before() -> dict[str, Any] | None:
    """The last heartbeat's details when an earlier attempt of this activity may have begun the work, else None."""
    details = activity.info().heartbeat_details
    found = details[0] if details else None
    return found if isinstance(found, dict) and found.get(_KEY) is True else None


async def begin(preparation: Coroutine[Any, Any, None]) -> None:
    """Do what may be repeated, then mark the work as begun. When this returns, the server has the mark.

    Raises what ``preparation`` raises, or a retryable ``ApplicationError`` when the server does not confirm.
    """
    preparing = asyncio.create_task(preparation)
    clock = asyncio.get_running_loop().time
    beaten = began = clock()
    try:
        while not preparing.done():
            await asyncio.wait({preparing}, timeout=heartbeat.INTERVAL_SECONDS)
            if not preparing.done():
                # Sent once: a second request could leave the first one to arrive after the mark.
                await _record(_NOT_BEGUN, retry=False)
                if clock() - beaten > _SDK_SECONDS:
                    activity.heartbeat(_NOT_BEGUN)
                    beaten = clock()
        await preparing
    finally:
        preparing.cancel()
        await asyncio.gather(preparing, return_exceptions=True)
    if beaten > began:
        await asyncio.sleep(max(0.0, beaten + _SETTLE_SECONDS - clock()))
    if activity.is_worker_shutdown():
        raise not_begun("the worker is stopping")
    try:
        await _record(BEGUN, retry=True)
    except BaseException:
        withdraw()
        raise


def withdraw() -> None:
    """Take the mark back, for work that certainly was not begun and will not be by this attempt.

    The SDK sends it before the attempt's end at the latest. Should it get lost, the next attempt fails without need.
    """
    activity.heartbeat(_NOT_BEGUN)


async def _record(details: dict[str, bool], *, retry: bool) -> None:
    client = activity.client()
    request = RecordActivityTaskHeartbeatRequest(
        task_token=activity.info().task_token,
        namespace=client.namespace,
        identity=client.identity,
        details=await client.data_converter.encode_wrapper([details]),
    )
    try:
        answer = await client.workflow_service.record_activity_task_heartbeat(
            request, retry=retry, timeout=timedelta(seconds=_ANSWER_SECONDS)
        )
    except RPCError as error:
        raise not_begun(f"the server did not confirm a heartbeat: {error}") from None
    if answer.cancel_requested or answer.activity_paused or answer.activity_reset:
        # Only through a heartbeat of its own does the SDK learn it; then it cancels the activity, here.
        activity.heartbeat(_NOT_BEGUN)
        await asyncio.sleep(_STOP_SECONDS)
        raise not_begun("the server wants it stopped")
