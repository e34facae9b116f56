# SPDX-License-Identifier: Apache-2.0
"""Takes the machine that recorded a history out of it: its name, its processes and its paths."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Final

_STACK_TRACE: Final = re.compile(r'"stackTrace": "(?:[^"\\]|\\.)*"')
# The SDK names itself PID@HOST, and workers here HOST:PID.
_IDENTITY: Final = re.compile(r'"identity": "(?:\d+@[^"]+|[^":]+:\d+)"')
_DATA: Final = re.compile(r'"data": "([A-Za-z0-9+/=]+)"')
# pytest's directory for a test, wherever the machine keeps temporary files.
_SCRATCH: Final = re.compile(rb"(?:/[\w.+-]+)+/pytest-of-[\w.-]+/pytest-\d+")


def impersonal(history: str) -> str:
    """The JSON of a history without stack traces, identities of processes and paths of tests.

    One path becomes the same text everywhere, so a replay takes the same branches.
    """
    text = _IDENTITY.sub('"identity": "recorder"', _STACK_TRACE.sub('"stackTrace": ""', history))
    return _DATA.sub(lambda found: f'"data": "{_payload(found[1])}"', text)


def _payload(encoded: str) -> str:
    data = base64.b64decode(encoded)
    changed = _SCRATCH.sub(b"/scratch", data)
    return encoded if changed == data else base64.b64encode(changed).decode("ascii")


def payloads(history: str) -> list[Any]:
    """All values of a history's payloads that are JSON."""
    values = []
    for encoded in _DATA.findall(history):
        try:
            values.append(json.loads(base64.b64decode(encoded)))
        except ValueError:  # Markers and byte strings.
            continue
    return values
