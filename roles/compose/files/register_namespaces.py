# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers the namespaces of a file, updates those that differ and adds their search attributes.

Usage: register_namespaces.py HOST:PORT FILE. Runs with what the worker's image holds. What is there already and right
is left alone; nothing is ever removed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import tenacity
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.namespace.v1 import NamespaceConfig, UpdateNamespaceInfo
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import (
    DescribeNamespaceRequest,
    DescribeNamespaceResponse,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

# What the modules of the collection give a new namespace when nothing is said.
DEFAULT_RETENTION = timedelta(hours=72)
CALL = timedelta(seconds=20)
TYPES = {
    "Bool": "BOOL",
    "Datetime": "DATETIME",
    "Double": "DOUBLE",
    "Int": "INT",
    "Keyword": "KEYWORD",
    "KeywordList": "KEYWORD_LIST",
    "Text": "TEXT",
}


def _duration(seconds: int | None) -> Duration:
    result = Duration()
    result.FromTimedelta(DEFAULT_RETENTION if seconds is None else timedelta(seconds=seconds))
    return result


async def _describe(client: Client, name: str) -> DescribeNamespaceResponse | None:
    request = DescribeNamespaceRequest(namespace=name)
    try:
        return await client.workflow_service.describe_namespace(request, retry=True, timeout=CALL)
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise


async def _namespace(client: Client, wanted: dict[str, Any]) -> str:
    live = await _describe(client, wanted["name"])
    if live is None:
        await client.workflow_service.register_namespace(
            RegisterNamespaceRequest(
                namespace=wanted["name"],
                description=wanted["description"],
                owner_email=wanted["owner_email"],
                data=wanted["data"],
                workflow_execution_retention_period=_duration(wanted["retention_seconds"]),
            ),
            retry=True,
            timeout=CALL,
        )
        return "registered"
    info, config = UpdateNamespaceInfo(), NamespaceConfig()
    for field in ("description", "owner_email"):
        if wanted[field] and wanted[field] != getattr(live.namespace_info, field):
            setattr(info, field, wanted[field])
    info.data.update({k: v for k, v in wanted["data"].items() if live.namespace_info.data.get(k) != v})
    retention = wanted["retention_seconds"]
    if retention is not None and live.config.workflow_execution_retention_ttl.ToSeconds() != retention:
        config.workflow_execution_retention_ttl.CopyFrom(_duration(retention))
    request = UpdateNamespaceRequest(namespace=wanted["name"])
    for field, value in (("update_info", info), ("config", config)):
        if value.ByteSize():
            getattr(request, field).CopyFrom(value)
    if not request.HasField("update_info") and not request.HasField("config"):
        return "is as wanted"
    await client.workflow_service.update_namespace(request, retry=True, timeout=CALL)
    return "updated"


def _unknown(error: BaseException) -> bool:
    return isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND


# The server reads its list of namespaces now and then only (system.namespaceCacheRefreshInterval), so a new one is
# unknown for a while.
@tenacity.retry(
    retry=tenacity.retry_if_exception(_unknown),
    wait=tenacity.wait_fixed(1),
    stop=tenacity.stop_after_delay(60),
    reraise=True,
)
async def _search_attributes(client: Client, name: str, wanted: dict[str, str]) -> None:
    live = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=name), retry=True, timeout=CALL
    )
    numbers = {key: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{TYPES[kind]}") for key, kind in wanted.items()}
    for key, number in numbers.items():
        if live.custom_attributes.get(key, number) != number:
            sys.exit(f"Search attribute {key} of namespace {name} is not of type {wanted[key]}: choose another name.")
    missing = {key: number for key, number in numbers.items() if key not in live.custom_attributes}
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=name, search_attributes=missing), retry=True, timeout=CALL
        )
        print(f"namespace {name}: search attributes added: {', '.join(missing)}", flush=True)


async def main(address: str, namespaces: list[dict[str, Any]]) -> None:
    client = await Client.connect(address)
    for wanted in namespaces:
        print(f"namespace {wanted['name']}: {await _namespace(client, wanted)}", flush=True)
        if wanted["search_attributes"]:
            await _search_attributes(client, wanted["name"], wanted["search_attributes"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))))
    # Threads of the SDK may still be at work when Python takes itself apart, and then crash (seen with temporalio 1.35
    # in one run of ten, after everything was done). What failed has raised before this line.
    sys.stdout.flush()
    os._exit(0)
