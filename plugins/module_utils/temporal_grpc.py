# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the HTTP API does not offer: calls over gRPC, with the C(temporalio) library.

Deletion of namespaces, and search attributes where they are not names of columns, need it (no HTTP route:
temporal/api/operatorservice/v1/service.proto). Everything else works without the library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.service import TLSConfig


def delete_namespace(connection: Connection, name: str, namespace_id: str) -> None:
    """Delete the namespace with this id; the server reclaims it in the background. Cannot be undone. Raises Problem.

    By id and not by name: if C(address) belonged to another server than C(http_url), which was asked for the id, a
    namespace of the same name there would be lost. C(name) is for messages.
    """

    async def delete(client: Client, limit: timedelta) -> None:
        from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest

        await client.operator_service.delete_namespace(DeleteNamespaceRequest(namespace_id=namespace_id), timeout=limit)

    _call(
        connection,
        delete,
        what=f"to delete namespace {name}",
        reason="to delete a namespace, which only gRPC offers",
        limit=connection.http.timeout,
        unknown=f"{connection.address} does not know namespace {name} with id {namespace_id}, which "
        f"{connection.http.base_url} has just named. Do address and http_url lead to the same server?",
    )


_REASON = "to change search attributes on a visibility store that is not SQL, which only gRPC offers"


def add_search_attributes(connection: Connection, namespace: str, added: Mapping[str, str], limit: float) -> None:
    """Add attributes, name to the server's name of the type (INDEXED_VALUE_TYPE_KEYWORD). Raises Problem.

    C(limit) is in seconds: on Elasticsearch the server changes the index before it answers.
    """

    async def add(client: Client, limit: timedelta) -> None:
        from temporalio.api.enums.v1 import IndexedValueType
        from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest

        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=namespace,
                search_attributes={name: IndexedValueType.Value(kind) for name, kind in added.items()},
            ),
            timeout=limit,
        )

    _call(connection, add, what=f"to add {', '.join(added)} to namespace {namespace}", reason=_REASON, limit=limit)


def remove_search_attributes(connection: Connection, namespace: str, names: Sequence[str], limit: float) -> None:
    """Remove attributes; C(limit) is in seconds. Raises Problem."""

    async def remove(client: Client, limit: timedelta) -> None:
        from temporalio.api.operatorservice.v1 import RemoveSearchAttributesRequest

        await client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace=namespace, search_attributes=names), timeout=limit
        )

    _call(
        connection, remove, what=f"to remove {', '.join(names)} of namespace {namespace}", reason=_REASON, limit=limit
    )


def _call(
    connection: Connection,
    call: Callable[[Client, timedelta], Awaitable[None]],
    *,
    what: str,
    reason: str,
    limit: float,
    unknown: str = "",
) -> None:
    """Connect and await C(call), within C(limit) seconds altogether. Raises Problem.

    C(what) and C(reason) are parts of messages; C(unknown) is the whole message for an answer NOT_FOUND.
    """
    # Here and not at the top: the import takes longer than most modules run.
    try:
        from temporalio.client import Client
        from temporalio.service import RPCError, RPCStatusCode
    except ImportError:
        raise Problem(missing_required_lib("temporalio", reason=reason)) from None
    tls: Any = tls_config(connection)

    async def connected() -> None:
        client = await Client.connect(
            connection.address, tls=tls, api_key=connection.http.bearer, identity="aegis.temporal"
        )
        await call(client, timedelta(seconds=limit))

    try:
        asyncio.run(asyncio.wait_for(connected(), limit))
    except (asyncio.TimeoutError, TimeoutError):
        raise Problem(f"No answer from {connection.address} within {limit:g} seconds.") from None
    except RPCError as error:
        if unknown and error.status == RPCStatusCode.NOT_FOUND:
            raise Problem(unknown) from None
        raise Problem(f"{connection.address} refused {what}: {error.message.rstrip('.')}.") from None
    except RuntimeError as error:
        # What the library raises when it cannot connect.
        raise Problem(
            f"{connection.address} cannot be reached over gRPC ({error}). The option address must name the "
            "frontend's gRPC port (services.frontend.rpc.grpcPort, usually 7233)."
        ) from None


def tls_config(connection: Connection) -> TLSConfig | bool:
    """Return the C(tls) of a client: False for none. Raises Problem for what the library cannot do."""
    from temporalio.service import TLSConfig

    if not connection.tls:
        return False
    options = connection.http.tls
    if not options.verify:
        raise Problem("tls_disable_host_verification is true: this call checks certificates always. Set ca_path.")
    return TLSConfig(
        server_root_ca_cert=_content(options.ca_path),
        domain=options.server_name,
        client_cert=_content(options.client_cert),
        client_private_key=_content(options.client_key),
    )


def _content(path: str | None) -> bytes | None:
    return Path(path).read_bytes() if path else None
