# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for what runs PostgreSQL: each refusal names the variable, the value and the fix."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_postgres_provider import (
    limit_mb,
    provider_problems,
)

CONTAINER = {"postgres_provider": "container"}


@pytest.mark.parametrize("changes", [{}, {"postgres_memory_max": "4G", "postgres_cpus": 1.5}, CONTAINER])
def test_good_settings_have_no_problem(changes: dict[str, Any]) -> None:
    assert provider_problems(changes) == []


@pytest.mark.parametrize(
    ("changes", "variable", "fix"),
    [
        ({"postgres_provider": "podman"}, "postgres_provider is 'podman'", "systemd, container"),
        ({**CONTAINER, "postgres_repository": "pgdg"}, "postgres_repository is 'pgdg'", "postgres_image"),
        ({**CONTAINER, "postgres_unit_overrides": {"Nice": 5}}, "postgres_unit_overrides is", "postgres_memory_max"),
        ({"postgres_memory_max": "lots"}, "postgres_memory_max is 'lots'", "256M"),
        ({"postgres_memory_max": "8M"}, "postgres_memory_max is '8M'", "256M"),
        ({"postgres_memory_max": "1G", "postgres_memory_mb": 2048}, "postgres_memory_mb is 2048", "Lower it"),
        ({"postgres_cpus": -1}, "postgres_cpus is -1", "1.5"),
        ({"postgres_cpus": "all"}, "postgres_cpus is 'all'", "1.5"),
    ],
    ids=str,
)
def test_a_broken_rule_is_named_once_with_its_fix(changes: dict[str, Any], variable: str, fix: str) -> None:
    (found,) = provider_problems(changes)
    assert variable in found
    assert fix in found


def test_what_is_missing_has_its_default() -> None:
    assert provider_problems({}) == []


@pytest.mark.parametrize(("value", "size"), [("2G", 2048), ("512M", 512), ("", None), ("2GB", None), (None, None)])
def test_limits_are_counted_in_mebibytes(value: Any, size: int | None) -> None:
    assert limit_mb(value) == size
