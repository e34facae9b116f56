# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as people write them and as the server sends them: ISO 8601, always with an offset from UTC."""

from __future__ import annotations

import re
from datetime import datetime, timezone

# Python 3.8 to 3.10 read neither "Z" nor more or less than six digits of a second: this finds the parts for them.
_FORM = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<time>\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d{1,9}))?(?P<offset>[Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


def parse_timestamp(text: str) -> datetime:
    """Return the moment that C(text) names; nanoseconds are cut to microseconds.

    Raises ValueError with a sentence that shows the text and what is accepted.
    """
    matched = _FORM.fullmatch(text)
    try:
        if matched is None:
            raise ValueError
        date, time, fraction, offset = matched.groups()
        zone = "+00:00" if offset in "Zz" else offset
        moment = datetime.fromisoformat(f"{date}T{time}.{(fraction or '0')[:6].ljust(6, '0')}{zone}")
        return moment.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time. Write date, time and offset from UTC, like 2026-12-01T03:00:00Z or "
            "2026-12-01T04:00:00+01:00"
        ) from None


def format_timestamp(moment: datetime) -> str:
    """Return the one text for a moment, in UTC: C(2026-12-01T03:00:00Z)."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
