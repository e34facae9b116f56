# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations as people write them: C(30d), C(72h), C(1h30m), or plain seconds."""

from __future__ import annotations

import re

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

# Largest first: the parts of a duration must come in this order.
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_PATTERN = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit, _seconds in _UNITS))
_SECONDS = re.compile("[0-9]+")

# The server counts in nanoseconds of a signed 64-bit number, which ends after 292 years.
_LONGEST = 100 * 365 * 86400


def parse_duration(text: str) -> int:
    """Return the whole seconds of C(30d), C(72h), C(1h30m), C(45m10s), or of a plain number of seconds.

    Raises ValueError with a sentence that shows the text and what is accepted.
    """
    matched = None
    if _SECONDS.fullmatch(text):
        seconds = int(text[:20])
    else:
        matched = _PATTERN.fullmatch(text) if text else None
        if matched is None:
            raise ValueError(
                f"{text!r} is not a duration. Write days, hours, minutes and seconds in this order, "
                "like 30d, 72h or 1h30m, or a whole number of seconds"
            )
        # No number of 20 digits is within the limit, however long it goes on.
        seconds = sum(int((matched.group(unit) or "0")[:20]) * size for unit, size in _UNITS)
    if seconds > _LONGEST:
        raise ValueError(f"{text!r} is longer than 100 years")
    return seconds


def format_duration(seconds: int) -> str:
    """Return the shortest text that parse_duration reads as C(seconds): C(30d), C(1h30m), C(0s).

    Full days are written as days, so C(72h) comes back as C(3d).
    """
    parts = []
    rest = seconds
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def duration_option(option: str, text: str) -> int:
    """Return the seconds of the value of C(option). Raises Problem naming it."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Problem(f"{option}: {error}.") from None


def server_duration(text: str) -> str:
    """Return the server's C(5400s) as C(1h30m). Parts of a second, which no option can express, stay as they are."""
    seconds = float(text[:-1] if text.endswith("s") else text)
    return format_duration(int(seconds)) if seconds.is_integer() else f"{seconds:g}s"
