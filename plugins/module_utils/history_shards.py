# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns each history shard, as the server's own table C(shards) has it.

A process owns a shard from the moment that its name is in the shard's row: every later write of another one fails. How
many shards a process means to own, by what it knows of the other members, its gauge C(numshards_gauge) tells. See
service/history/shard/context_impl.go and controller_impl.go of the server.
"""

from __future__ import annotations

import http.client
import re
import time
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible.module_utils.urls import open_url
from ansible_collections.aegis.temporal.plugins.module_utils import cluster_members
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.timestamps import parse_timestamp

# Owner and time are among the first fields, which Go writes in the order of their numbers; the states of the queues
# that follow can be long.
_QUERY = "SELECT shard_id, substring(data for 256), data_encoding FROM shards"
# EncodingType of the API; what the server writes in every version from 1.24 to 1.32.
_ENCODING = "Proto3"

# message ShardInfo in proto/internal/temporal/server/api/persistence/v1/executions.proto of the server, and
# google.protobuf.Timestamp.
_OWNER, _UPDATE_TIME = 3, 7
_SECONDS, _NANOSECONDS = 1, 2

# It is set after each look at the shards: at the start, when a member comes or goes, and every minute. A prefix can be
# set with global.metrics.prefix of the server's configuration.
_GAUGE = re.compile(r"^(?:\w+_)?numshards_gauge(?:\{[^}]*\})? (\S+)", re.MULTILINE)

# history.acquireShardInterval is a minute (common/dynamicconfig/constants.go of the server), and then it has to act.
_IDLE_SETTLE_SECONDS = 65.0


class Lease(t.NamedTuple):
    """What the row of one shard says."""

    owner: str
    """Name of the process and of its turn; empty before the first one has it."""
    address: str
    """IP address of that process."""
    written: float
    """Seconds since the epoch when the row was written, by the clock of the owner's host."""


class Ownership(t.NamedTuple):
    """All leases beside the live members that run the service history."""

    leases: Mapping[int, Lease]
    sessions: Mapping[str, float]
    """By address, when the newest process there started: seconds since the epoch, by the clock of its host."""

    def owned(self) -> dict[str, int]:
        """Return how many shards each live process owns, by address."""
        counts = dict.fromkeys(self.sessions, 0)
        for lease in self.leases.values():
            if self._why_not(lease) == "":
                counts[lease.address] += 1
        return counts

    def unowned(self, shards: int) -> list[str]:
        """Say what keeps C(shards) shards from being owned by live processes; empty when nothing does."""
        reasons: dict[str, int] = {}
        for shard in range(1, shards + 1):
            lease = self.leases.get(shard)
            why = self._why_not(lease) if lease else "have never had an owner"
            if why:
                reasons[why] = reasons.get(why, 0) + 1
        return [f"{count} of {shards} {why}" for why, count in sorted(reasons.items())]

    def idle(self) -> list[str]:
        """Return the live processes that own no shard, by address."""
        return sorted(address for address, count in self.owned().items() if not count)

    def _why_not(self, lease: Lease) -> str:
        if not lease.owner:
            return "have never had an owner"
        if lease.address not in self.sessions:
            return f"still belong to {lease.address}, which is no live member with the service history"
        if lease.written < self.sessions[lease.address]:
            return f"still belong to a process of {lease.address} that has ended"
        return ""


class Watch:
    """Looks at the ownership again and again, until it has settled."""

    def __init__(self, shards: int, settle: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Expect C(shards) shards, unchanged for C(settle) seconds; None means that one look decides."""
        self._shards = shards
        self._settle = settle
        self._clock = clock
        self._owners: dict[int, str] | None = None
        self._since = 0.0

    def missing(self, found: Ownership, meant: Mapping[str, int | str]) -> list[str]:
        """Say what keeps the ownership from being right; empty when nothing does.

        C(meant) has, by address, how many shards a process means to own, or why that is not known.
        """
        owners = {shard: lease.owner for shard, lease in found.leases.items()}
        if owners != self._owners:
            self._owners, self._since = owners, self._clock()
        wrong, idle = found.unowned(self._shards) + _not_as_meant(found.owned(), meant), found.idle()
        said = wrong + [f"{address} owns none" for address in idle]
        if wrong or self._settle is None:
            return said
        unchanged, needed = self._clock() - self._since, _IDLE_SETTLE_SECONDS if idle else self._settle
        return (
            [*said, f"no owner had changed for {int(unchanged)} of {needed:.0f} seconds"] if unchanged < needed else []
        )


def _not_as_meant(owned: Mapping[str, int], meant: Mapping[str, int | str]) -> list[str]:
    said = []
    for address, count in meant.items():
        has = owned.get(cluster_members.plain_address(address), 0)
        if isinstance(count, str):
            said.append(f"the metrics of {address} do not tell how many it means to own: {count}")
        elif count != has:
            said.append(f"{address} owns {has} and means to own {count}")
    return said


def read_meant(url: str, timeout: float) -> int | str:
    """Return how many shards the process whose metrics are at C(url) means to own, or why that is not known."""
    try:
        metrics = (
            open_url(url, timeout=timeout, use_proxy=False, follow_redirects="none").read().decode("utf-8", "replace")
        )
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{url} does not answer: {error}"
    counts = [int(float(value)) for value in _GAUGE.findall(metrics)]
    return sum(counts) if counts else f"{url} has no numshards_gauge"


def read_ownership(database: Mapping[str, Any], timeout: float) -> Ownership:
    """Return who owns the shards and who could; see `cluster_members.read_rows`.

    Raises Problem also when the rows are written in a way that is not known.
    """
    # Members second: what has taken a shard since is a member already.
    rows = cluster_members.read_rows(database, timeout, _QUERY, "history shards")
    members = cluster_members.read_members(database, timeout)
    unknown = {encoding for _shard, _data, encoding in rows} - {_ENCODING}
    if unknown:
        raise Problem(
            f"The rows of the table shards are encoded as {', '.join(sorted(unknown))}, and only {_ENCODING} is known."
        )
    return Ownership({shard: decode_lease(bytes(data)) for shard, data, _encoding in rows}, _sessions(members))


def _sessions(members: Sequence[cluster_members.Member]) -> dict[str, float]:
    sessions: dict[str, float] = {}
    for member in members:
        if member["service"] == "history" and member["fresh"]:
            address = cluster_members.plain_address(member["address"])
            started = parse_timestamp(member["session_start"]).timestamp()
            sessions[address] = max(started, sessions.get(address, 0.0))
    return sessions


def decode_lease(data: bytes) -> Lease:
    """Return the lease in the beginning of a ShardInfo in the wire format of Protocol Buffers."""
    fields = dict(_fields(data))
    owner = fields.get(_OWNER, b"").decode("utf-8", "replace")
    moment = dict(_fields(fields.get(_UPDATE_TIME, b"")))
    # It is <address>:<port>-<number>-<uuid>.
    endpoint = owner.rsplit("-", 6)[0]
    return Lease(
        owner=owner,
        address=cluster_members.plain_address(endpoint.rpartition(":")[0]),
        written=moment.get(_SECONDS, 0) + moment.get(_NANOSECONDS, 0) / 1e9,
    )


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field, up to one that is cut off or of a kind that a lease has not."""
    # https://protobuf.dev/programming-guides/encoding. Debian's library for it would be one more package on every
    # server, for two fields.
    position = 0
    try:
        while position < len(data):
            key, position = _varint(data, position)
            if key & 7 == 0:
                value, position = _varint(data, position)
                yield key >> 3, value
            elif key & 7 == 2:
                length, position = _varint(data, position)
                if position + length > len(data):
                    return
                yield key >> 3, data[position : position + length]
                position += length
            else:
                return
    except IndexError:
        return


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
