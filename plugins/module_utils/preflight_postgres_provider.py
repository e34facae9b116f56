# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules for what runs PostgreSQL, and for what it may use."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import cpus_problems, memory_bytes, say

PROVIDERS = ("systemd", "container")
# Below, PostgreSQL cannot hold the least of shared_buffers that the role gives it and a few sessions.
LEAST_MB = 256


def limit_mb(value: t.Any) -> int | None:
    """Return a limit of memory such as ``2G`` in MiB; ``None`` when it is none, or not to be understood."""
    size = memory_bytes(value)
    return None if size is None else size // (1 << 20)


def is_container(settings: t.Mapping[str, t.Any]) -> bool:
    """Tell whether PostgreSQL runs in a container."""
    return settings.get("postgres_provider") == "container"


def provider_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    """Return every rule that is broken, one sentence each; empty when all is well.

    Args:
        settings: ``postgres_provider``, ``postgres_repository``, ``postgres_unit_overrides``,
            ``postgres_memory_max``, ``postgres_memory_mb`` and ``postgres_cpus``; what is missing has its default.
    """
    provider = settings.get("postgres_provider") or PROVIDERS[0]
    if provider not in PROVIDERS:
        return [say("postgres_provider", provider, "unknown", "Choose one of %s." % ", ".join(PROVIDERS))]
    found = _limit_problems(settings)
    if not is_container(settings):
        return found
    if settings.get("postgres_repository") == "pgdg":
        found.append(
            say(
                "postgres_repository",
                "pgdg",
                "for packages on the host alone, and postgres_provider is container",
                "Leave it out, and name an image with the wanted version in postgres_image.",
            )
        )
    if settings.get("postgres_unit_overrides"):
        found.append(
            say(
                "postgres_unit_overrides",
                settings["postgres_unit_overrides"],
                "for Debian's unit alone, and postgres_provider is container",
                "Remove it; a container's limits are postgres_memory_max and postgres_cpus.",
            )
        )
    return found


def _limit_problems(settings: t.Mapping[str, t.Any]) -> list[str]:
    found = []
    limit, memory = settings.get("postgres_memory_max") or "", settings.get("postgres_memory_mb") or 0
    size = limit_mb(limit)
    if limit and (size is None or size < LEAST_MB):
        fix = "Give at least %dM, such as 4G, or leave it empty for no limit." % LEAST_MB
        found.append(say("postgres_memory_max", limit, "no amount of memory that PostgreSQL can live with", fix))
    elif size and str(memory).isdigit() and int(memory) > size:
        fix = "Lower it, or raise postgres_memory_max; with 0 it follows the limit."
        found.append(say("postgres_memory_mb", memory, "more than postgres_memory_max, %s, allows" % limit, fix))
    return [*found, *cpus_problems("postgres_cpus", settings.get("postgres_cpus"))]
