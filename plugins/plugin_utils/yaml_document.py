# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A YAML file as nodes with their places in the text, so that a part of the text can be changed and the rest stays.

PyYAML's composer gives the places (``start_mark``, ``end_mark``). Nothing is constructed: tags, dates and numbers of
other people's keys stay what they are.
"""

from __future__ import annotations

import re
import typing as t

import yaml

CORE = "tag:yaml.org,2002:"
STRING = CORE + "str"
NULL = CORE + "null"
MERGE = CORE + "merge"

Pair = t.Tuple[yaml.Node, yaml.Node]

_LINE_BREAK = re.compile(r"\r\n|\n|\r")
# Tokens that hold no content of a collection, but stand behind it or around it.
_FRAME = (
    yaml.BlockEndToken,
    yaml.StreamStartToken,
    yaml.StreamEndToken,
    yaml.DocumentStartToken,
    yaml.DocumentEndToken,
)


class YamlError(ValueError):
    """The text cannot be read, or not be changed safely. The message never quotes the text, which may hold secrets."""


class _Loader(yaml.SafeLoader):
    """Composes nodes and remembers where anchors and aliases stand, which nodes do not tell."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.shared: list[tuple[int, str]] = []

    def compose_node(self, parent: t.Any, index: t.Any) -> t.Any:
        event: t.Any = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it without types
        if getattr(event, "anchor", None):
            sign = "alias *" if isinstance(event, yaml.AliasEvent) else "anchor &"
            self.shared.append((event.start_mark.index, sign + event.anchor))
        return super().compose_node(parent, index)


class Document:
    """The one document of a text."""

    def __init__(self, text: str) -> None:
        """Read ``text``.

        Raises:
            YamlError: Not YAML, more than one document, or nested too deeply.
        """
        self.text = text
        loader = None
        try:
            loader = _Loader(text)
            self.root: yaml.Node | None = loader.get_single_node()
            self._tokens = [token for token in yaml.scan(text, Loader=yaml.SafeLoader) if not isinstance(token, _FRAME)]
        except yaml.MarkedYAMLError as error:
            raise YamlError(_explained(error)) from None
        except yaml.YAMLError as error:
            # A character that YAML does not allow; its text names the character's number and place.
            raise YamlError("it is not YAML: %s. Remove it." % str(error).split("\n", maxsplit=1)[0]) from None
        except RecursionError:
            raise YamlError("it is nested too deeply to be read. Is it the right file?") from None
        finally:
            if loader is not None:
                loader.dispose()
        self.shared: t.Sequence[tuple[int, str]] = loader.shared

    @property
    def line_break(self) -> str:
        """The first line break of the text, or a line feed."""
        found = _LINE_BREAK.search(self.text)
        return found.group() if found else "\n"

    def line(self, index: int) -> int:
        """Return the number of the line, from 1, that holds the character at ``index``."""
        return len(_LINE_BREAK.findall(self.text, 0, index)) + 1

    def place_after(self, begin: int, end: int, column: int) -> int:
        """Return where a line can follow the content between ``begin`` and ``end``.

        Comments behind the content that are indented by ``column`` or more belong to it and stay before that place. It
        is the start of a line, or the end of a text without a last line break.
        """
        inside = [token for token in self._tokens if begin <= token.start_mark.index < end]
        last = inside[-1]
        place = int(last.end_mark.index)
        if not (isinstance(last, yaml.ScalarToken) and last.style in ("|", ">")):
            place = self._next_line(place)
        ahead = place
        while ahead < len(self.text):
            line = self.text[ahead : self._next_line(ahead)]
            content = line.lstrip(" ")
            if content.startswith("#") and len(line) - len(content) >= column:
                ahead = place = self._next_line(ahead)
            elif not content.strip():
                ahead = self._next_line(ahead)
            else:
                break
        return place

    def _next_line(self, index: int) -> int:
        found = _LINE_BREAK.search(self.text, index)
        return found.end() if found else len(self.text)


def _explained(error: yaml.MarkedYAMLError) -> str:
    # str(error) would quote the line.
    mark = error.problem_mark or error.context_mark
    where = " (line %d, column %d)" % (mark.line + 1, mark.column + 1) if mark else ""
    if isinstance(error, yaml.composer.ComposerError) and "single document" in str(error.context):
        return "it holds more than one document%s. Leave one." % where
    return "it is not YAML: %s%s. Correct it first." % (error.problem or error.context, where)


def pairs(node: yaml.Node | None, name: str) -> list[Pair]:
    """Return the pairs of a mapping whose key is ``name``; none for anything else."""
    if not isinstance(node, yaml.MappingNode):
        return []
    return [pair for pair in node.value if is_text(pair[0], name)]


def is_text(node: yaml.Node, text: str) -> bool:
    """Tell whether ``node`` is this text, in whatever quotes; a number or a date is none."""
    return isinstance(node, yaml.ScalarNode) and node.tag == STRING and node.value == text


def is_null(node: yaml.Node | None) -> bool:
    """Tell whether there is no value: nothing at all, nothing after the colon, ``~`` or ``null``."""
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == NULL)


def same(one: t.Any, other: t.Any, seen: set[tuple[int, int]] | None = None) -> bool:
    """Tell whether two nodes mean the same and are written in the same style.

    ``seen`` keeps aliases from being followed again and again, or for ever.
    """
    seen = set() if seen is None else seen
    if (id(one), id(other)) in seen:
        return True
    seen.add((id(one), id(other)))
    if type(one) is not type(other) or one.tag != other.tag:
        return False
    if isinstance(one, yaml.ScalarNode):
        return bool(one.value == other.value and one.style == other.style)
    if one.flow_style != other.flow_style or len(one.value) != len(other.value):
        return False
    if isinstance(one, yaml.SequenceNode):
        return all(same(left, right, seen) for left, right in zip(one.value, other.value))
    return same_pairs(one.value, other.value, seen)


def same_pairs(one: t.Sequence[Pair], other: t.Sequence[Pair], seen: set[tuple[int, int]] | None = None) -> bool:
    """Tell whether two lists of pairs mean the same, in the same order."""
    seen = set() if seen is None else seen
    return len(one) == len(other) and all(
        same(left[0], right[0], seen) and same(left[1], right[1], seen) for left, right in zip(one, other)
    )
