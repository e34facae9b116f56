# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules reach the API of a Temporal frontend."""

from __future__ import annotations


class ModuleDocFragment:
    # Kept in step with module_utils/connection.py: ansible-test sanity compares the two in each module.
    DOCUMENTATION = r"""
options:
  address:
    description:
      - Address C(host:port) of the frontend's gRPC API, as the C(temporal) command line takes it.
      - Defaults to the host of O(http_url) with port 7233, or to V(127.0.0.1:7233) when neither is set.
      - Falls back to the environment variable E(TEMPORAL_ADDRESS).
    type: str
  http_url:
    description:
      - Base URL of the frontend's HTTP API, for example V(http://10.0.0.11:7243).
      - Defaults to the host of O(address) with port 7243, with C(https) when TLS is on.
      - The server offers this API when C(services.frontend.rpc.httpPort) is set in its configuration.
      - Proxies named by the environment (E(HTTP_PROXY), E(NO_PROXY)) are respected.
    type: str
  tls:
    description:
      - Whether to use TLS.
      - Defaults to what O(http_url) begins with. Without O(http_url) it is V(true) when O(api_key), O(ca_path),
        O(client_cert) or O(tls_server_name) is set, else V(false).
      - Falls back to the environment variable E(TEMPORAL_TLS).
    type: bool
  ca_path:
    description:
      - PEM file of the certificate authorities that may have signed the server's certificate.
      - Without it the authorities that the Python library C(requests) trusts are used.
      - Falls back to the environment variables E(TEMPORAL_TLS_SERVER_CA_CERT_PATH) and E(TEMPORAL_TLS_CA).
    type: path
  client_cert:
    description:
      - PEM file of the client certificate, for servers that ask for one. Needs O(client_key).
      - Falls back to the environment variables E(TEMPORAL_TLS_CLIENT_CERT_PATH) and E(TEMPORAL_TLS_CERT).
    type: path
  client_key:
    description:
      - PEM file of the client certificate's private key. Needs O(client_cert).
      - Falls back to the environment variables E(TEMPORAL_TLS_CLIENT_KEY_PATH) and E(TEMPORAL_TLS_KEY).
    type: path
  tls_server_name:
    description:
      - Name that the server's certificate must carry, when it differs from the host that is connected to.
      - Falls back to the environment variable E(TEMPORAL_TLS_SERVER_NAME).
    type: str
  tls_disable_host_verification:
    description:
      - Accept any certificate. Whoever sits between can then read and change everything, the API key included.
      - Falls back to the environment variable E(TEMPORAL_TLS_DISABLE_HOST_VERIFICATION).
    type: bool
    default: false
  api_key:
    description:
      - API key or JWT, sent as bearer token.
      - Refused when O(http_url) begins with C(http), where it could be read on the way, unless O(tls=false) says that
        this is meant.
      - Falls back to the environment variable E(TEMPORAL_API_KEY).
    type: str
  timeout:
    description: Seconds that one request may wait for a connection, and for each part of the answer.
    type: float
    default: 10.0
  retries:
    description:
      - How often a request is repeated after a failed connection or an answer 429, 500, 502, 503 or 504.
      - The pause doubles each time, beginning with 0.5 seconds. No other answer is ever repeated.
    type: int
    default: 3
requirements:
  - requests (Python library, on the host that runs the module; usually the control node)
notes:
  - Environment variables are those of the host that runs the module.
"""
