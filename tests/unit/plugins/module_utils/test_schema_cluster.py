# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's cluster record, read without a protobuf library."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.schema_cluster import (
    ClusterRecord,
    ClusterRecordError,
    decode,
)

# Field 1 "active", field 2 512, field 3 a cluster id, field 13 an address: as a server 1.32.2 writes them.
NAME = b"\x0a\x06active"
SHARDS = b"\x10\x80\x04"
ID = b"\x1a\x24bd161973-c06b-4677-a8d3-1d9087d210a7"
ADDRESS = b"\x6a\x0e127.0.0.1:7243"


def test_record():
    assert decode(NAME + SHARDS + ID + ADDRESS, "Proto3") == ClusterRecord("active", 512)


def test_order_and_unknown_fields_do_not_matter():
    other = b"\x79" + bytes(8) + b"\x85\x01" + bytes(4)  # a fixed64 in field 15, a fixed32 in field 16
    assert decode(ID + other + SHARDS + NAME, "Proto3") == ClusterRecord("active", 512)


def test_the_last_of_a_repeated_number_counts():
    assert decode(b"\x10\x04" + SHARDS, "proto3").history_shard_count == 512


def test_json():
    assert decode(b'{"clusterName": "active", "historyShardCount": 4}', "Json") == ClusterRecord("active", 4)


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (NAME + SHARDS, "Thrift", "unknown data_encoding 'Thrift'"),
        (NAME, "Proto3", "no history shard count"),
        (b"", "Proto3", "no history shard count"),
        (b"\x0a\x06act", "Proto3", "ends inside field 1"),
        (b"\x10\x80", "Proto3", "ends inside a number"),
        (b"\x10" + b"\xff" * 11, "Proto3", "longer than 10 bytes"),
        (b"\x13", "Proto3", "unknown wire type 3"),
        (b"\x00\x01", "Proto3", "number 0"),
        (b"[]", "Json", "not the expected JSON"),
        (b"{", "Json", "not the expected JSON"),
    ],
)
def test_damaged(data, encoding, text):
    with pytest.raises(ClusterRecordError, match=text):
        decode(data, encoding)
