# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One test for each check of the role C(verify)."""

from __future__ import annotations

import pytest

from .catalogue import check_ids
from .report import Report

_BAD = ("failed", "blocked")


@pytest.mark.parametrize("temporal_check_id", check_ids())
def test_verify(temporal_report: Report, temporal_check_id: str) -> None:
    """A failed check fails; one that another one's failure explains is skipped and names that one."""
    rows = temporal_report.of(temporal_check_id)
    if not rows:
        pytest.skip("the inventory has no hosts for it")
    told = {result: [str(row) for row in rows if row.result == result] for result in _BAD}
    if told["failed"]:
        pytest.fail("\n".join(told["failed"]), pytrace=False)
    if told["blocked"]:
        # The check at the root fails the run; a second failure would hide it.
        pytest.skip("; ".join(told["blocked"]))
