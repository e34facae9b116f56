# SPDX-License-Identifier: Apache-2.0
"""State time limits such as ``180s``, ``2m`` or ``1h 30m``."""

from __future__ import annotations

import re
from typing import Final

# What the reference does with a text that it cannot read.
FALLBACK_SECONDS: Final = 60

_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}
_PART: Final = re.compile(r"(\d+)\s*([hms])", re.ASCII)
_WHOLE: Final = re.compile(r"\s*(?:\d+\s*[hms]\s*)+", re.ASCII)


def state_limit_seconds(value: object) -> tuple[int | None, str | None]:
    """Seconds of a state's ``timeout``, and a warning or None.

    Absent or zero means no own limit (None): the orchestrator rounds a limit below one second down to ``0s``. A text
    that is no duration gives ``FALLBACK_SECONDS``.
    """
    if value is None:
        return None, None
    if not isinstance(value, str) or _WHOLE.fullmatch(value) is None:
        return FALLBACK_SECONDS, f"timeout {value!r} is no duration such as 180s; {FALLBACK_SECONDS}s is used"
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(value))
    if seconds == 0:
        return None, f"timeout {value!r} is zero and taken as absent"
    return seconds, None
