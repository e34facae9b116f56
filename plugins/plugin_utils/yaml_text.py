# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small pieces of YAML as text, made by PyYAML: a scalar in the place of another, keys to be put into a mapping."""

from __future__ import annotations

import re
import typing as t

import yaml
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import STRING

# Texts that every version of YAML reads as text; whatever else is quoted.
_PLAIN = re.compile(r"^[A-Za-z][A-Za-z0-9_./:-]+$")
_MAP = "tag:yaml.org,2002:map"
_NEVER_FOLD = float("inf")


def _style(value: str) -> str | None:
    return None if _PLAIN.match(value) else '"'


class _Dumper(yaml.SafeDumper):
    """Quotes what another reader of YAML might take for a number, a date or a truth value."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(STRING, value, style=_style(value))


_Dumper.add_representer(str, _text)
# Subclasses too: Ansible marks texts with where they come from.
_Dumper.add_multi_representer(str, _text)


def scalar(value: str, style: str | None, flow: bool) -> str:
    """Return ``value`` in the quotes that ``style`` asks for; a plain one is quoted where it has to be."""
    pair = (yaml.ScalarNode(STRING, "k"), yaml.ScalarNode(STRING, value, style=style or _style(value)))
    node = yaml.MappingNode(_MAP, [pair], flow_style=flow)
    written = yaml.serialize(node, Dumper=_Dumper, width=_NEVER_FOLD, allow_unicode=True).rstrip("\n")
    return written[len("{k: ") : -len("}")] if flow else written[len("k: ") :]


def _dumped(content: t.Mapping[str, t.Any], **style: t.Any) -> str:
    written = yaml.dump(dict(content), Dumper=_Dumper, width=_NEVER_FOLD, allow_unicode=True, sort_keys=False, **style)
    return str(written).rstrip("\n")


def lines(content: t.Mapping[str, t.Any], column: int, step: int) -> list[str]:
    """Return ``content`` as lines of a block mapping that begins at ``column`` and indents by ``step``."""
    return [" " * column + line for line in _dumped(content, default_flow_style=False, indent=step).splitlines()]


def flow(content: t.Mapping[str, t.Any]) -> str:
    """Return ``content`` as a flow mapping, braces included."""
    return _dumped(content, default_flow_style=True)


def block(pairs: t.Sequence[tuple[yaml.Node, yaml.Node]], step: int) -> str:
    """Return nodes as a block mapping, in the style that they have."""
    node = yaml.MappingNode(_MAP, list(pairs), flow_style=False)
    return str(yaml.serialize(node, Dumper=_Dumper, indent=step, width=_NEVER_FOLD, allow_unicode=True))
