# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers are too old."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import HttpOptions
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.server_version import require_version
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp
from module_testing import http_answer, misbehaving


def ask(version: str) -> None:
    """Ask a server that says it is of this version whether it is 1.29."""
    with misbehaving(http_answer("200 OK", json.dumps({"serverVersion": version}).encode())) as server:
        require_version(TemporalHttp(HttpOptions(server.url)), (1, 29), "Rate limits need")


@pytest.mark.parametrize("version", ["1.29.0", "1.29.1", "1.100.0", "2.0.0", "own-build"])
def test_new_enough_or_unknown(version: str) -> None:
    ask(version)


@pytest.mark.parametrize("version", ["1.28.9", "1.24.2", "0.99.0"])
def test_too_old(version: str) -> None:
    said = rf"Rate limits need Temporal Server 1.29 or newer, and http://127.0.0.1:\d+ is {re.escape(version)}"
    with pytest.raises(Problem, match=said):
        ask(version)
