# SPDX-License-Identifier: Apache-2.0
"""Time limits as manifests spell them: ``180s``, ``2m``, ``1h 30m`` (contract 6.11)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

# What the reference does with a text that it cannot read.
FALLBACK_SECONDS: Final = 60
# Longer limits are cut to this: ten years. Times beyond the year 9999 cannot be written.
MOST_SECONDS: Final = 315_360_000

_STATE_SECONDS: Final = {"h": 3600, "m": 60, "s": 1}
# At most nine digits: Python refuses to read a number of thousands of digits.
_STATE_PART: Final = re.compile(r"(\d{1,9})\s*([hms])", re.ASCII)
_STATE_WHOLE: Final = re.compile(r"\s*(?:\d{1,9}\s*[hms]\s*)+", re.ASCII)

# The spellings that the Rust crate humantime reads (https://docs.rs/humantime, parse_duration), months and years apart.
_HUMAN_SECONDS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("nsec", "ns"), 1e-9),
    **dict.fromkeys(("usec", "us"), 1e-6),
    **dict.fromkeys(("msec", "ms"), 1e-3),
    **dict.fromkeys(("seconds", "second", "sec", "s"), 1),
    **dict.fromkeys(("minutes", "minute", "min", "m"), 60),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), 3600),
    **dict.fromkeys(("days", "day", "d"), 86_400),
    **dict.fromkeys(("weeks", "week", "wks", "wk", "w"), 604_800),
}
_HUMAN_PART: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]+)", re.ASCII)
_HUMAN_WHOLE: Final = re.compile(r"\s*(?:\d{1,9}(?:\.\d{1,9})?\s*[a-z]+\s*)+", re.ASCII)


def state_limit_seconds(value: object) -> tuple[int | None, str | None]:
    """Seconds of a state's ``timeout``, and a warning or None.

    Absent or zero means no own limit (None): the orchestrator rounds a limit below one second down to ``0s``. A text
    that is no duration gives ``FALLBACK_SECONDS``.
    """
    if value is None:
        return None, None
    if not isinstance(value, str) or _STATE_WHOLE.fullmatch(value) is None:
        return FALLBACK_SECONDS, f"timeout {value!r:.100} is no duration such as 180s; {FALLBACK_SECONDS}s is used"
    seconds = sum(int(count) * _STATE_SECONDS[unit] for count, unit in _STATE_PART.findall(value))
    if seconds == 0:
        return None, f"timeout {value!r:.100} is zero and taken as absent"
    return min(seconds, MOST_SECONDS), None


def human_limit_seconds(value: str) -> int | None:
    """Whole seconds, rounded up, of a duration as the orchestrator reads it (``10m``, ``1h 30m``, ``2days``).

    None when it cannot be read or is zero: the orchestrator gets the text as it is and judges for itself.
    """
    if _HUMAN_WHOLE.fullmatch(value) is None:
        return None
    seconds = 0.0
    for count, unit in _HUMAN_PART.findall(value):
        if unit not in _HUMAN_SECONDS:
            return None
        seconds += float(count) * _HUMAN_SECONDS[unit]
    return min(math.ceil(seconds), MOST_SECONDS) or None
