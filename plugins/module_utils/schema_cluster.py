# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the two fields of the server's ClusterMetadata record that a deployment has to know.

The message is proto/internal/temporal/server/api/persistence/v1/cluster_metadata.proto of the server: field 1 is
cluster_name (string), field 2 history_shard_count (int32). Its numbers are the same from server 1.24 to 1.32. A
protobuf library on the host for two fields would be one more package to install, hence this reader of the wire format
(https://protobuf.dev/programming-guides/encoding/).
"""

from __future__ import annotations

import json
import typing as t

_NAME_FIELD = 1
_SHARDS_FIELD = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAXIMUM_VARINT_BYTES = 10


class ClusterRecordError(ValueError):
    """The record is not what the server is known to write."""


class ClusterRecord(t.NamedTuple):
    """What the running cluster was first started with."""

    name: str
    history_shard_count: int


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for count in range(_MAXIMUM_VARINT_BYTES):
        if place + count >= len(data):
            raise ClusterRecordError("the record ends inside a number")
        byte = data[place + count]
        value |= (byte & 0x7F) << (7 * count)
        if not byte & 0x80:
            return value, place + count + 1
    raise ClusterRecordError("a number in the record is longer than 10 bytes")


def _fields(data: bytes) -> t.Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        field, wire = key >> 3, key & 7
        if field == 0:
            raise ClusterRecordError("the record has a field with number 0")
        if wire == _VARINT:
            value, place = _varint(data, place)
            yield field, value
            continue
        if wire == _BYTES:
            length, place = _varint(data, place)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ClusterRecordError("the record has a field of unknown wire type %d" % wire)
        if place + length > len(data):
            raise ClusterRecordError("the record ends inside field %d" % field)
        yield field, data[place : place + length]
        place += length


def _from_json(data: bytes) -> ClusterRecord:
    try:
        record = json.loads(data.decode("utf-8"))
        name = record.get("clusterName", record.get("cluster_name", ""))
        shards = record.get("historyShardCount", record.get("history_shard_count", 0))
        return ClusterRecord(str(name), int(shards))
    except (AttributeError, TypeError, ValueError) as error:
        raise ClusterRecordError("the record is not the expected JSON: %s" % error) from error


def decode(data: bytes, encoding: str) -> ClusterRecord:
    """Return name and shard count of a row of cluster_metadata_info.

    Raises:
        ClusterRecordError: Unknown encoding, damaged data, or no shard count in it.
    """
    if encoding.lower() == "json":
        result = _from_json(data)
    elif encoding.lower() == "proto3":
        name, shards = b"", 0
        for field, value in _fields(data):
            if field == _NAME_FIELD and isinstance(value, bytes):
                name = value
            elif field == _SHARDS_FIELD and isinstance(value, int):
                shards = value
        result = ClusterRecord(name.decode("utf-8", "replace"), shards)
    else:
        raise ClusterRecordError("unknown data_encoding %r (known: Proto3, Json)" % encoding)
    if result.history_shard_count < 1:
        raise ClusterRecordError("the record has no history shard count")
    return result
