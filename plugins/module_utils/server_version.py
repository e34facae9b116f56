# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version the server is, for what only newer ones can do."""

from __future__ import annotations

import re

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, api_path, read_answer


def require_version(client: TemporalHttp, least: tuple[int, int], what: str) -> None:
    """Raise Problem when the server is older than C(least). C(what) begins the sentence: "Nexus endpoints need".

    Asked before any write: an old server answers an unknown route, but not always an unknown field, with an error.
    """
    answer = client.get(api_path("system-info"))
    version = read_answer("The system information", answer, lambda content: str(content["serverVersion"]))
    matched = re.match(r"(\d+)\.(\d+)\.", version)
    # What is no number is a build of somebody's own: let it try.
    if matched and (int(matched.group(1)), int(matched.group(2))) < least:
        needed = ".".join(str(part) for part in least)
        raise Problem(
            f"{what} Temporal Server {needed} or newer, and {client.options.base_url} is {version}. "
            "Upgrade the server, or leave this task out for it."
        )
