# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules reach the management API of an AEGIS workflow worker."""

from __future__ import annotations


class ModuleDocFragment:
    # Kept in step with module_utils/worker_api.py: ansible-test sanity compares the two in each module.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - Base URL of one worker's HTTP API. One is enough, all workers share their definitions.
      - The worker only lets in the addresses of its C(API_ALLOWED_ADDRESSES)
        (C(temporal_worker_api_allowed_addresses) of the role), so run the module on a host that is among them.
    type: str
    required: true
  ca_path:
    description:
      - PEM file of the certificate authorities that may have signed the certificate, for a URL that begins with
        C(https).
    type: path
  timeout:
    description: Seconds that one request may wait for a connection, and for each part of the answer.
    type: float
    default: 10.0
  retries:
    description:
      - How often a request is repeated after a failed connection or an answer 500, 502, 503 or 504.
      - The pause doubles each time, beginning with 0.5 seconds. No other answer is ever repeated.
    type: int
    default: 3
requirements:
  - requests (Python library, on the host that runs the module)
notes:
  - Not a member of the action group C(aegis.temporal.temporal). The group's defaults are for a Temporal frontend, and
    its API key must not be sent to workers.
"""
