# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of a YAML text: a value in the place of another, and keys beside or below those that are there."""

from __future__ import annotations

import typing as t

import yaml
from ansible_collections.aegis.temporal.plugins.plugin_utils import yaml_text
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import CORE, Document, YamlError, pairs

# Begin and end of what is replaced, and the new text.
Edit = t.Tuple[int, int, str]

_DEFAULT_STEP = 2
# What PyYAML's emitter can indent by.
_STEPS = range(2, 10)


def replacement(document: Document, node: yaml.Node, value: str, flow: bool, name: str) -> Edit:
    """Return the edit that makes ``node`` the text ``value``, in the quotes that it has.

    ``flow`` tells whether it stands in braces, ``name`` what it is in messages.

    Raises:
        YamlError: It is no plain value on one line.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise YamlError("%s is no plain value. Write one text there." % name)
    begin, end = node.start_mark.index, node.end_mark.index
    if not node.tag.startswith(CORE):
        raise YamlError("%s has the tag %s. Write a plain value there." % (name, node.tag))
    if node.style in ("|", ">"):
        raise YamlError("%s is a text block (%s). Write it on one line." % (name, node.style))
    quotes = node.style if node.style in ("'", '"') else None
    written = yaml_text.scalar(value, quotes, flow)
    return begin, end, written if begin < end else " " + written


def insertion(
    document: Document,
    nodes: t.Sequence[yaml.Node | None],
    path: t.Sequence[str],
    depth: int,
    content: dict[str, t.Any],
) -> Edit:
    """Return the edit that puts ``content`` into the node at ``depth`` of ``path``.

    ``nodes`` are those along ``path``, beginning with the root. The node is a mapping, or there is none.
    """
    node = nodes[depth]
    text = document.text
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        written = yaml_text.flow(content)[1:-1]
        if not node.value:
            # Behind the opening brace, which a tag may precede.
            place = text.index("{", node.start_mark.index) + 1
            return place, place, written
        last = node.value[-1][1]
        place = max(last.end_mark.index, node.value[-1][0].end_mark.index)
        empty = last.start_mark.index == last.end_mark.index
        return place, place, (" , " if empty else ", ") + written
    enclosing = nodes[depth - 1] if depth else None
    if node is not None and not isinstance(node, yaml.MappingNode):
        begin, end = node.start_mark.index, node.end_mark.index
        if begin < end or (isinstance(enclosing, yaml.MappingNode) and enclosing.flow_style):
            # `~`, or nothing inside of braces.
            return begin, end, (" " if begin == end else "") + yaml_text.flow(content)
    step = _step(document)
    if isinstance(node, yaml.MappingNode):
        column = node.value[0][0].start_mark.column
        place = document.place_after(node.start_mark.index, node.end_mark.index, column)
    elif depth:
        key = pairs(enclosing, path[depth - 1])[0][0]
        column = key.start_mark.column + step
        place = document.place_after(key.start_mark.index, key.end_mark.index + 1, column)
    else:
        column, place = 0, len(text)
    return place, place, _as_lines(document, place, yaml_text.lines(content, column, step))


def _as_lines(document: Document, place: int, lines: t.Sequence[str]) -> str:
    line_break = document.line_break
    before = document.text[:place].lstrip("\ufeff")
    begin = line_break if before and not before.endswith(("\n", "\r")) else ""
    return begin + "".join(line + line_break for line in lines)


def _step(document: Document) -> int:
    """Return by how many columns the file indents the keys of a mapping in a mapping."""
    if isinstance(document.root, yaml.MappingNode):
        for key, value in document.root.value:
            if isinstance(value, yaml.MappingNode) and not value.flow_style:
                step = value.value[0][0].start_mark.column - key.start_mark.column
                if step in _STEPS:
                    return int(step)
    return _DEFAULT_STEP
