# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the history shards of a cluster have settled owners, and what is said until then."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.history_shards import (
    Lease,
    Ownership,
    Watch,
    decode_lease,
)
from google.protobuf.timestamp_pb2 import Timestamp

UUID = "0b33d0e9-3c43-4b4e-8a6c-0c8bcf7e8d5c"
ONE, TWO = "10.0.0.1", "10.0.0.2"


def _lease(address: str, written: float = 200.0, turn: int = 1) -> Lease:
    return Lease(f"{address}:7234-{turn}-{UUID}", address, written)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def _row(owner: str) -> bytes:
    """A row as the server writes it: shard_id, range_id, owner, update_time, and the beginning of a queue's state."""
    moment = Timestamp(seconds=1764410000, nanos=500_000_000).SerializeToString()
    shard_and_range = b"\x08\x80\x04" + b"\x10\x2a"
    named = _field(3, owner.encode()) if owner else b""
    cut_off = b"\x8a\x01\x7f\x08"
    return shard_and_range + named + _field(7, moment) + cut_off


def _both(*leases: Lease) -> Ownership:
    return Ownership(dict(enumerate(leases, start=1)), {ONE: 100.0, TWO: 100.0})


@pytest.mark.parametrize(
    ("endpoint", "address"),
    [("10.0.0.1:7234", "10.0.0.1"), ("[2001:db8::1]:7234", "2001:db8::1"), ("[2001:DB8:0::1]:7234", "2001:db8::1")],
)
def test_a_row_tells_its_owner_and_when_it_was_written(endpoint: str, address: str) -> None:
    lease = decode_lease(_row(f"{endpoint}-17-{UUID}"))
    assert (lease.address, lease.written) == (address, 1764410000.5)


def test_a_new_row_has_no_owner() -> None:
    found = _both(decode_lease(_row("")))
    assert found.unowned(1) == ["1 of 1 have never had an owner"]


@pytest.mark.parametrize("length", range(70))
def test_a_row_that_is_cut_off_is_read_as_far_as_it_goes(length: int) -> None:
    assert decode_lease(_row(f"{ONE}:7234-17-{UUID}")[:length]).address in ("", ONE)


def test_each_shard_counts_for_its_live_owner() -> None:
    found = _both(_lease(ONE), _lease(TWO), _lease(TWO))
    assert (found.owned(), found.unowned(3), found.idle()) == ({ONE: 1, TWO: 2}, [], [])


def test_what_is_not_owned_is_told_with_its_reason() -> None:
    found = _both(_lease(ONE), _lease(TWO, written=99.9), _lease("10.0.0.3"))
    assert found.unowned(5) == [
        "2 of 5 have never had an owner",
        "1 of 5 still belong to 10.0.0.3, which is no live member with the service history",
        "1 of 5 still belong to a process of 10.0.0.2 that has ended",
    ]
    assert found.idle() == [TWO]


def test_owners_settle_after_the_last_change() -> None:
    clock = iter((0.0, 0.0, 4.0, 4.0, 8.9, 9.0))
    watch = Watch(2, 5, lambda: next(clock))
    before, after = _both(_lease(ONE), _lease(TWO)), _both(_lease(ONE), _lease(TWO, turn=2))
    assert watch.missing(before, {}) == ["no owner had changed for 0 of 5 seconds"]
    assert watch.missing(after, {}) == ["no owner had changed for 0 of 5 seconds"]
    assert watch.missing(after, {}) == ["no owner had changed for 4 of 5 seconds"]
    assert watch.missing(after, {}) == []


def test_a_member_without_shards_is_believed_after_a_minute() -> None:
    clock = iter((0.0, 0.0, 64.0, 65.0))
    watch = Watch(1, 5, lambda: next(clock))
    found = _both(_lease(ONE))
    assert watch.missing(found, {}) == [f"{TWO} owns none", "no owner had changed for 0 of 65 seconds"]
    assert watch.missing(found, {}) == [f"{TWO} owns none", "no owner had changed for 64 of 65 seconds"]
    assert watch.missing(found, {}) == []


def test_a_shard_without_owner_is_never_believed() -> None:
    clock = iter((0.0, 1000.0))
    watch = Watch(2, 0, lambda: next(clock))
    found = _both(_lease(ONE), _lease("10.0.0.3"))
    for _look in range(2):
        assert watch.missing(found, {})[0].startswith("1 of 2 still belong to 10.0.0.3")


def test_one_look_asks_for_no_time_but_for_a_share_of_each() -> None:
    assert Watch(2, None).missing(_both(_lease(ONE), _lease(TWO)), {}) == []
    assert Watch(1, None).missing(_both(_lease(ONE)), {}) == [f"{TWO} owns none"]
    assert Watch(2, 0).missing(_both(_lease(ONE), _lease(TWO)), {}) == []


def test_a_process_owns_as_many_as_it_means_to_own() -> None:
    found = _both(_lease(ONE), _lease(TWO), _lease(TWO))
    assert Watch(3, 0).missing(found, {ONE: 1, TWO: 2}) == []
    assert Watch(3, 0).missing(found, {ONE: 1, TWO: 3}) == [f"{TWO} owns 2 and means to own 3"]
    unknown = "the metrics of 10.0.0.2 do not tell how many it means to own: why"
    assert Watch(3, 0).missing(found, {TWO: "why"}) == [unknown]
