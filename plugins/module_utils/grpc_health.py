# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health of one service over grpc.health.v1, asked by grpc_health_probe or by the library temporalio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils import grpc_endpoint
from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import TIMEOUT, TlsOptions
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_grpc import tls_config
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError

if TYPE_CHECKING:
    from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import Runner

SERVING = "serving"
NOT_SERVING = "not_serving"
UNKNOWN = "unknown_service"
ERROR = "error"

# Exit codes of the probe: main.go of grpc-health-probe.
_RPC_FAILED = 3
_UNHEALTHY = 4


@dataclass(frozen=True)
class Health:
    """What a service said. C(state) is a constant of this module, or a kind of grpc_endpoint.Trouble."""

    state: str
    message: str


@dataclass(frozen=True)
class Endpoint:
    """Where to ask, and for which name; C(tls) is None for a plain connection, C(timeout) is in seconds."""

    host: str
    port: int
    name: str
    tls: TlsOptions | None
    timeout: float

    @property
    def address(self) -> str:
        """C(host:port), with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def ask(endpoint: Endpoint, client: Callable[[Endpoint], Health]) -> Health:
    """Return the service's health. What is no gRPC there is told apart before C(client) is asked."""
    trouble = grpc_endpoint.look(endpoint.host, endpoint.port, endpoint.tls, endpoint.timeout)
    return Health(trouble.kind, trouble.message) if trouble else client(endpoint)


def by_probe(path: str, runner: Runner) -> Callable[[Endpoint], Health]:
    """Ask with the program at C(path). It needs no library on the host."""

    def client(endpoint: Endpoint) -> Health:
        try:
            # The probe ends by itself; more than both of its own limits means that it hangs.
            code, output, errors = runner(probe_command(path, endpoint), 2 * endpoint.timeout + 5)
        except UnitError as problem:
            return Health(ERROR, str(problem))
        said = " ".join((errors or output).split())[-300:]
        if code == 0:
            return Health(SERVING, "")
        if code == _UNHEALTHY:
            return Health(NOT_SERVING, "it answers, but it is not serving.")
        if code == _RPC_FAILED and "unknown service" in said:
            return _unknown(endpoint)
        return Health(ERROR, f"{path} ended with code {code}: {said}")

    return client


def probe_command(path: str, endpoint: Endpoint) -> list[str]:
    """The command line. Holds no secret: health needs no credentials, and certificates are files."""
    limit = f"{endpoint.timeout:g}s"
    command = [path, f"-addr={endpoint.address}", f"-service={endpoint.name}"]
    command += [f"-connect-timeout={limit}", f"-rpc-timeout={limit}"]
    tls = endpoint.tls
    if tls is None:
        return command
    command.append("-tls")
    if not tls.verify:
        # The probe refuses the other options of verification beside it.
        command.append("-tls-no-verify")
    else:
        command += [f"-tls-ca-cert={tls.ca_path}"] if tls.ca_path else []
        command += [f"-tls-server-name={tls.server_name}"] if tls.server_name else []
    if tls.client_cert and tls.client_key:
        command += [f"-tls-client-cert={tls.client_cert}", f"-tls-client-key={tls.client_key}"]
    return command


def by_library(connection: Connection) -> Callable[[Endpoint], Health]:
    """Ask with temporalio. Raises Problem when it is not installed, or would check certificates against the options."""
    try:
        from temporalio.client import Client
        from temporalio.service import RPCError, RPCStatusCode
    except ImportError:
        raise Problem(missing_required_lib("temporalio", reason="to ask for health. Or set the option probe")) from None
    tls: Any = tls_config(connection)

    async def check(endpoint: Endpoint) -> bool:
        limit = timedelta(seconds=endpoint.timeout)
        client = await Client.connect(endpoint.address, tls=tls, identity="aegis.temporal", lazy=True)
        return bool(await client.service_client.check_health(service=endpoint.name, timeout=limit))

    def client(endpoint: Endpoint) -> Health:
        try:
            serving = asyncio.run(asyncio.wait_for(check(endpoint), 2 * endpoint.timeout))
        except (asyncio.TimeoutError, TimeoutError):
            return Health(TIMEOUT, "no answer within the time limit.")
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return _unknown(endpoint)
            return Health(ERROR, f"it answered {error.status.name}: {error.message}")
        except RuntimeError as error:
            return Health(ERROR, str(error))
        return Health(SERVING, "") if serving else Health(NOT_SERVING, "it answers, but it is not serving.")

    return client


def _unknown(endpoint: Endpoint) -> Health:
    return Health(UNKNOWN, f"it answers, but does not know {endpoint.name}. Is it the port of another service?")
