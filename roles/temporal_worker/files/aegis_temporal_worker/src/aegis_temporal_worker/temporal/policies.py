# SPDX-License-Identifier: Apache-2.0
"""Time limits and retry policies of activities.

They are part of what a replay must find again: changing one changes new runs only, and never breaks a run in flight
(Temporal compares the kinds and types of commands, not their limits).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio.common import RetryPolicy

# A worker that died is noticed after this; activities/heartbeat.py beats well within it.
HEARTBEAT_LIMIT: Final = timedelta(seconds=6)
# How often the SDK passes heartbeats on; the default would be 80 % of the limit, too near to it.
HEARTBEAT_THROTTLE: Final = timedelta(seconds=2)

# First try inside the workflow task, which costs one marker in place of six events and a second workflow task.
LOCAL_LIMIT: Final = timedelta(seconds=5)
ONCE: Final = RetryPolicy(maximum_attempts=1)

# An orchestrator or a database that is away, or a worker that was lost: keep asking. What may be done only once refuses
# a second attempt by itself (activities/beginning.py). A failed attempt names its pause, which grows (pauses.py), so
# these gaps follow a lost worker only. They stay short: the heartbeat's limit has passed already, and the server counts
# the attempts of an outage before the loss too.
PATIENT: Final = RetryPolicy(initial_interval=timedelta(seconds=0.25), maximum_interval=timedelta(seconds=2))

# How long a run waits for an orchestrator that is away, before it or a state of it fails or an event is given up.
OUTAGE_LIMIT: Final = timedelta(hours=1)
# A terminal event is what ends the orchestrator's record.
TERMINAL_LIMIT: Final = timedelta(hours=24)
# Reading a definition; and giving a workspace up, which its time to live does otherwise.
SHORT_OUTAGE_LIMIT: Final = timedelta(minutes=10)
# One attempt to deliver events, read a definition, create or destroy a workspace.
SHORT_LIMIT: Final = timedelta(minutes=2)
# What an activity needs beside its work: events, the channel, the runtime's own margin.
MARGIN: Final = timedelta(minutes=5)

# Events over this many bytes do not ride with an activity: Temporal warns at 256 KiB of input and refuses 2 MiB.
RIDING_BYTES: Final = 200_000
# Most bytes of events in the input of one activity.
BATCH_BYTES: Final = 1_700_000
