# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many history shards each process owns, as its own metrics tell.

service/history/shard/controller_impl.go of the server sets the gauge C(numshards_gauge) whenever it has acquired and
released shards: at its start, after every change of the ring, and once a minute. No API that clients have tells how many
shards a process owns.
"""

from __future__ import annotations

import http.client
import re
import typing as t
from collections.abc import Mapping, Sequence

from ansible.module_utils.urls import open_url

# A prefix can be set with global.metrics.prefix of the server's configuration.
_GAUGE = re.compile(r"^(?:\w+_)?numshards_gauge(?:\{[^}]*\})? (\S+)", re.MULTILINE)


def owned_shards(metrics: str) -> int:
    """Return the shards that a process owns; 0 while it has not told yet. C(metrics) is Prometheus' text form."""
    return sum(int(float(value)) for value in _GAUGE.findall(metrics))


def read_owned(url: str, timeout: float) -> tuple[int | None, str]:
    """Return the shards that the process at C(url) owns and an empty text, or None and what went wrong."""
    try:
        answer = open_url(url, timeout=timeout, use_proxy=False, follow_redirects="none")
        return owned_shards(answer.read().decode("utf-8", "replace")), ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        return None, str(error)


def missing(owned: Mapping[str, int | None], troubles: Mapping[str, str], shards: int) -> list[str]:
    """Say what keeps all C(shards) from being owned, each exactly once, with a share for every process.

    While a process joins, the others still own its share: the sum alone would be right too early. The server itself
    waits at its start until it owns a shard, so that none owns nothing.
    """
    said = [f"{url} does not answer: {troubles[url]}" for url, count in owned.items() if count is None]
    said += [f"{url} owns none" for url, count in owned.items() if count == 0]
    known = _known(owned.values())
    if not said and sum(known) != shards:
        said.append(f"{sum(known)} of {shards} are owned")
    return said


def _known(counts: t.Iterable[int | None]) -> Sequence[int]:
    return [count for count in counts if count is not None]
