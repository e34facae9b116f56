# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the HTTP API does not offer: calls over gRPC, with the C(temporalio) library.

Only deletion needs it so far (no HTTP route: temporal/api/operatorservice/v1/service.proto). Everything else works
without the library.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem

if TYPE_CHECKING:
    from temporalio.service import TLSConfig


def delete_namespace(connection: Connection, name: str, namespace_id: str) -> None:
    """Delete the namespace with this id; the server reclaims it in the background. Cannot be undone. Raises Problem.

    By id and not by name: if C(address) belonged to another server than C(http_url), which was asked for the id, a
    namespace of the same name there would be lost. C(name) is for messages.
    """
    # Here and not at the top: the import takes longer than most modules run.
    try:
        from temporalio.service import RPCError, RPCStatusCode
    except ImportError:
        raise Problem(
            missing_required_lib("temporalio", reason="to delete a namespace, which only gRPC offers")
        ) from None
    limit = connection.http.timeout
    try:
        asyncio.run(asyncio.wait_for(_delete_namespace(connection, namespace_id), limit))
    except (asyncio.TimeoutError, TimeoutError):
        raise Problem(f"No answer from {connection.address} within {limit:g} seconds.") from None
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise Problem(
                f"{connection.address} does not know namespace {name} with id {namespace_id}, which "
                f"{connection.http.base_url} has just named. Do address and http_url lead to the same server?"
            ) from None
        raise Problem(f"{connection.address} refused to delete namespace {name}: {error.message}.") from None
    except RuntimeError as error:
        # What the library raises when it cannot connect.
        raise Problem(
            f"{connection.address} cannot be reached over gRPC ({error}). The option address must name the "
            "frontend's gRPC port (services.frontend.rpc.grpcPort, usually 7233)."
        ) from None


async def _delete_namespace(connection: Connection, namespace_id: str) -> None:
    from temporalio.api.operatorservice.v1 import DeleteNamespaceRequest
    from temporalio.client import Client

    client = await Client.connect(
        connection.address, tls=_tls(connection), api_key=connection.http.bearer, identity="aegis.temporal"
    )
    await client.operator_service.delete_namespace(
        DeleteNamespaceRequest(namespace_id=namespace_id), timeout=timedelta(seconds=connection.http.timeout)
    )


def _tls(connection: Connection) -> TLSConfig | bool:
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
