# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets keys of the ``temporal:`` block in the text of an orchestrator's ``aegis-config.yaml``; the rest stays as it is.

The block stands at the top level, or under ``spec:`` where the file says ``kind: NodeConfig``. Only the text of the
values that differ is replaced, and missing keys are put in beside the others. Before the new text is handed out it is
read again: if anything else than the wanted keys means something else, or is written in another way, it is refused.
"""

from __future__ import annotations

import re
import typing as t

import yaml
from ansible_collections.aegis.temporal.plugins.plugin_utils import yaml_text
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import (
    MERGE,
    STRING,
    Document,
    YamlError,
    is_null,
    is_text,
    pairs,
    same_pairs,
)
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_edits import Edit, insertion, replacement

BLOCK = "temporal"
# The keys that this collection knows the values of, in the order of the user's guide.
KEYS = ("address", "namespace", "task_queue", "worker_http_endpoint")

_REDACTED = "********"
# Keys of the block that the orchestrator knows and that are no secrets; values of all others are never shown.
_PUBLIC_KEYS = (*KEYS, "max_connection_retries")
_USER_INFO = re.compile(r"//[^/@\s]*@")
_BY_HAND = "%s is written in a way in which it cannot be changed alone. Write the block by hand once."
_SHOWN_STEP = 2


class Outcome(t.NamedTuple):
    """What became of a text."""

    text: str
    path: str
    """``temporal`` or ``spec.temporal``."""
    before: dict[str, str | None]
    """The keys of the block that this collection knows; None where there is none."""
    after: dict[str, str | None]
    shown_before: str
    """The block as a diff may show it: without secrets; empty where there is none."""
    shown_after: str
    changed_keys: list[str]


def set_keys(text: str, wanted: t.Mapping[str, str]) -> Outcome:
    """Return ``text`` with the keys ``wanted`` in its block.

    Raises:
        YamlError: Not YAML, or a file in which the block cannot be changed without touching something else.
    """
    document = Document(text)
    path = _path(document)
    name = ".".join(path)
    block = _found(document, path)[-1]
    changes = {key: wanted[key] for key in KEYS if key in wanted and not _has(block, key, wanted[key])}
    if not changes:
        return Outcome(text, name, _values(block), _values(block), _shown(block), _shown(block), [])
    edits = _edits(document, path, changes)
    changed = _applied(document, path, edits)
    new = _verified(document, changed, path, changes)
    return Outcome(changed, name, _values(block), _values(new), _shown(block), _shown(new), list(changes))


def _path(document: Document) -> tuple[str, ...]:
    root = document.root
    if not (is_null(root) or isinstance(root, yaml.MappingNode)):
        raise YamlError("it is no mapping of keys. Is it the right file?")
    kinds = _only(document, root, "kind", "kind")
    is_node_config = isinstance(kinds, yaml.ScalarNode) and kinds.value == "NodeConfig"
    return ("spec", BLOCK) if is_node_config else (BLOCK,)


def _only(document: Document, mapping: yaml.Node | None, name: str, path: str) -> yaml.Node | None:
    """Return the value of a key, None where there is none; refuse a key that is there twice."""
    found = pairs(mapping, name)
    if len(found) > 1:
        numbers = [str(document.line(pair[0].start_mark.index)) for pair in found]
        raise YamlError("%s is there more than once (lines %s). Leave one." % (path, ", ".join(numbers)))
    return found[0][1] if found else None


def _found(document: Document, path: t.Sequence[str]) -> list[yaml.Node | None]:
    """Return the nodes along ``path``, beginning with the root."""
    nodes = [document.root]
    for depth, name in enumerate(path):
        place = ".".join(path[: depth + 1])
        nodes.append(_only(document, nodes[-1], name, place))
        if not (is_null(nodes[-1]) or isinstance(nodes[-1], yaml.MappingNode)):
            raise YamlError("%s is a list or a plain value where keys are expected. Put keys below it." % place)
    for key in KEYS:
        _only(document, nodes[-1], key, ".".join([*path, key]))
    return nodes


def _values(block: yaml.Node | None) -> dict[str, str | None]:
    result: dict[str, str | None] = dict.fromkeys(KEYS)
    for key in KEYS:
        for _key, value in pairs(block, key):
            result[key] = None if is_null(value) else str(_public(key, value).value)
    return result


def _public(name: str, value: yaml.Node) -> yaml.ScalarNode:
    """Return the value of a key as everybody may see it."""
    if name not in _PUBLIC_KEYS or not isinstance(value, yaml.ScalarNode):
        return yaml.ScalarNode(STRING, _REDACTED)
    return yaml.ScalarNode(value.tag, _USER_INFO.sub("//%s@" % _REDACTED, value.value), style=value.style)


def _has(block: yaml.Node | None, key: str, value: str) -> bool:
    found = pairs(block, key)
    return bool(found) and is_text(found[0][1], value)


def _shown(block: yaml.Node | None) -> str:
    if block is None:
        return ""
    if not isinstance(block, yaml.MappingNode) or not block.value:
        return BLOCK + ":\n"
    shown = []
    for key, value in block.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        shown.append((yaml.ScalarNode(STRING, name or _REDACTED), _public(name, value)))
    step = " " * _SHOWN_STEP
    return BLOCK + ":\n" + "".join(step + line + "\n" for line in yaml_text.block(shown, _SHOWN_STEP).splitlines())


def _edits(document: Document, path: t.Sequence[str], changes: t.Mapping[str, str]) -> list[Edit]:
    nodes = _found(document, path)
    _refuse_shared(document, nodes, path)
    block = nodes[-1]
    edits = []
    missing: dict[str, t.Any] = {}
    for key in KEYS:
        if key not in changes:
            continue
        found = pairs(block, key)
        if found:
            in_braces = isinstance(block, yaml.MappingNode) and bool(block.flow_style)
            edits.append(replacement(document, found[0][1], changes[key], in_braces, ".".join([*path, key])))
        else:
            missing[key] = changes[key]
    if missing:
        depth = max(place for place, node in enumerate(nodes) if node is not None or place == 0)
        for name in reversed(path[depth:]):
            missing = {name: missing}
        edits.append(insertion(document, nodes, path, depth, missing))
    return edits


def _refuse_shared(document: Document, nodes: t.Sequence[yaml.Node | None], path: t.Sequence[str]) -> None:
    """Refuse to change what another place of the file shares, or what comes from another place."""
    for depth, node in enumerate(nodes):
        name = ".".join(path[:depth]) or "the file's mapping"
        if node is None:
            continue
        if isinstance(node, yaml.MappingNode) and any(key.tag == MERGE for key, _value in node.value):
            raise YamlError(
                "%s has a merge key (<<), so a key may come from somewhere else. Write the keys out." % name
            )
        begin = node.start_mark.index
        if depth:
            key = pairs(nodes[depth - 1], path[depth - 1])[0][0]
            if begin < key.start_mark.index:
                raise YamlError("%s is an alias (*) of another part of the file. Write it out." % name)
            begin = key.start_mark.index
        # Of what encloses the block only the node itself matters; in the block, everything.
        inside = depth == len(nodes) - 1
        end = node.end_mark.index if inside else _first(node)
        for index, what in document.shared:
            if begin <= index < end or index == node.start_mark.index:
                raise YamlError(
                    "%s has the %s (line %d), so a change would reach other parts of the file or come from them. "
                    "Write the keys out." % (name, what, document.line(index))
                )


def _first(node: yaml.Node) -> int:
    """Return where the first key of a mapping begins."""
    if isinstance(node, yaml.MappingNode) and node.value:
        return int(node.value[0][0].start_mark.index)
    return int(node.end_mark.index)


def _applied(document: Document, path: t.Sequence[str], edits: t.Sequence[Edit]) -> str:
    """Return the text with the edits made, and everything outside of the block byte for byte as it was.

    Raises:
        YamlError: An edit reaches out of the block.
    """
    text = document.text
    begin, end = min(edit[0] for edit in edits), max(edit[1] for edit in edits)
    nodes = _found(document, path)
    if nodes[-1] is not None:
        span = (pairs(nodes[-2], BLOCK)[0][0].start_mark.index, nodes[-1].end_mark.index)
        if is_null(nodes[-1]):
            # Lines below a key without a value; they replace nothing.
            span = (span[0], max(span[1], end if begin == end else 0))
    else:
        # A new block: between two characters, or in the place of a word for nothing.
        span = (begin, end)
    parts, place = [], 0
    # By place alone: a value goes in front of the keys that follow it at the same place.
    for first, last, written in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[place:first], written]
        place = last
    changed = "".join([*parts, text[place:]])
    inside = span[0] <= begin and end <= span[1]
    if not (inside and changed.startswith(text[: span[0]]) and changed.endswith(text[span[1] :])):
        raise YamlError(_BY_HAND % ".".join(path))
    return changed


def _verified(
    document: Document, changed: str, path: t.Sequence[str], changes: t.Mapping[str, str]
) -> yaml.Node | None:
    """Return the block of the text ``changed`` after comparing all of it with ``document``.

    Raises:
        YamlError: Something else than the changed keys would mean or look different.
    """
    try:
        old, new = _found(document, path), _found(Document(changed), path)
    except YamlError:
        raise YamlError(_BY_HAND % ".".join(path)) from None
    outside = all(
        same_pairs(_others(old[depth], (name,)), _others(new[depth], (name,))) for depth, name in enumerate(path)
    )
    inside = same_pairs(_others(old[-1], KEYS), _others(new[-1], KEYS)) and all(
        _has(new[-1], key, changes[key]) if key in changes else same_pairs(pairs(old[-1], key), pairs(new[-1], key))
        for key in KEYS
    )
    if not (outside and inside):
        raise YamlError(_BY_HAND % ".".join(path))
    return new[-1]


def _others(mapping: yaml.Node | None, names: t.Sequence[str]) -> list[tuple[yaml.Node, yaml.Node]]:
    if not isinstance(mapping, yaml.MappingNode):
        return []
    return [pair for pair in mapping.value if not any(is_text(pair[0], name) for name in names)]
