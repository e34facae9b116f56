# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``diagnose``: thin doors to the functions in module_utils."""

from __future__ import annotations

import re
import typing as t

import yaml
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_facts
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load as load_keys

# What may hold a secret deeper down, though its own name does not tell.
_HOLDERS = re.compile(r"(?i)overrides|environment|databases|settings$|passw|secret|token|api_?key|private_?key|_pass$")


def _yaml(text: str) -> t.Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _secrets(variables: t.Mapping[str, t.Any], more: t.Any = None) -> list[str]:
    """Return the secret values among a host's variables, and in ``more``."""
    telling = {name: variables[name] for name in list(variables) if _HOLDERS.search(name) and not name.startswith("__")}
    return diagnose_facts.secrets(telling, more or {})


def _certificates(host: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    return diagnose_facts.certificates(host, _yaml)


def _facts(
    hostvars: t.Mapping[str, t.Any], hosts: t.Sequence[str], expected: t.Mapping[str, t.Any]
) -> dict[str, t.Any]:
    return diagnose_facts.facts(hostvars, hosts, expected, load_keys(), _yaml)


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "diagnose_bundle": diagnose_facts.bundle,
            "diagnose_certificates": _certificates,
            "diagnose_facts": _facts,
            "diagnose_parts": diagnose_facts.parts,
            "diagnose_paths": diagnose_facts.paths,
            "diagnose_secrets": _secrets,
            "diagnose_worker_urls": diagnose_facts.worker_urls,
            "diagnose_units": diagnose_facts.units,
        }
