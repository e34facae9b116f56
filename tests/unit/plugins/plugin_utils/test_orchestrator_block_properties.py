# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the file around the block: every byte outside of it stays, and every other key keeps its meaning."""

from __future__ import annotations

import itertools

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.plugin_utils.orchestrator_block import KEYS, set_keys
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import YamlError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

NAMES = st.sampled_from(["network", "storage", "x-y", "a b", "1", "ü", "spec", "tokens"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.text(alphabet="ab '\"#:-{}[]&*!|>%@\n\t\\ü\u2028", max_size=12),
    st.dates(),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=8,
)
OTHERS = st.dictionaries(NAMES, TREES, max_size=4)
VALUES = st.one_of(
    st.text(alphabet="abz019.-_:/", min_size=1, max_size=12), st.sampled_from(["env:X", "yes", "it's", 'a "b" #c', "ü"])
)
WANTED = st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1)
BLOCKS = st.dictionaries(st.sampled_from([*KEYS, "worker_secret", "own"]), st.one_of(VALUES, st.none()), max_size=5)
STYLES = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([False, False, None, True]),
        "default_style": st.sampled_from([None, None, "'", '"']),
        "indent": st.integers(2, 6),
        "allow_unicode": st.booleans(),
        "width": st.sampled_from([20, 200]),
    }
)
COMMENTS = st.lists(st.sampled_from(["", "", "", "# note", "    # deep: note", "  "]), max_size=40)
LINE_BREAKS = st.sampled_from(["\n", "\n", "\r\n"])


def written(data, style, comments, line_break):
    """The data as a file of somebody: in a style, with comments and blank lines, with these line breaks."""
    lines = yaml.safe_dump(data, sort_keys=False, **style).splitlines(keepends=True)
    text = ""
    for number, line in enumerate(lines):
        note = comments[number] if number < len(comments) else ""
        text += line + (note + "\n" if note else "")
    try:
        if yaml.safe_load(text) != data:
            return None  # the note became part of a text
    except yaml.YAMLError:
        return None
    return text.replace("\n", line_break)


@settings(deadline=None)
@given(OTHERS, OTHERS, st.one_of(st.none(), BLOCKS), st.booleans(), WANTED, STYLES, COMMENTS, LINE_BREAKS)
def test_everything_else_stays(first, last, block, node_config, wanted, style, comments, line_break):
    inner = {**first, **({} if block is None else {"temporal": block}), **last}
    data = {"kind": "NodeConfig", "z": 1, "spec": inner, "y": [2]} if node_config else inner
    text = written(data, style, comments, line_break)
    assume(text is not None)
    outcome = set_keys(text, wanted)
    found = yaml.safe_load(outcome.text)
    expected = yaml.safe_load(text) or {}
    holder = expected.setdefault("spec", {}) if node_config else expected
    holder["temporal"] = {**(holder.get("temporal") or {}), **wanted}
    assert found == expected
    assert set_keys(outcome.text, wanted).text == outcome.text
    assert_bytes_outside_stay(text, outcome.text)


def assert_bytes_outside_stay(before, after):
    """All in front of the block and all behind it is there, byte for byte; a new block is an insertion."""
    old, new = block_span(yaml.compose(before)), block_span(yaml.compose(after))
    if old is None:
        assert common(before, after) + common(before[::-1], after[::-1]) >= len(before)
    else:
        assert before[: old[0]] == after[: new[0]]
        assert before[old[1] :] == after[new[1] :]


def common(one, other):
    """How many characters the two begin with in common."""
    equal = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in equal)


def block_span(node):
    """Where the block stands in the text: from its key to the next token."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else []:
        if key.value == "temporal":
            return key.start_mark.index, value.end_mark.index
        if key.value == "spec":
            found = block_span(value)
            if found:
                return found
    return None


@settings(deadline=None)
@given(st.binary(max_size=200), WANTED)
def test_any_bytes_are_read_or_refused(data, wanted):
    try:
        text = data.decode("utf-8")
        outcome = set_keys(text, wanted)
    except (UnicodeDecodeError, YamlError):
        return
    assert set_keys(outcome.text, wanted).text == outcome.text


@settings(deadline=None)
@given(st.text(alphabet="a: -{}[]&*x'\"#|>\n\t!~,?temporal", max_size=60), WANTED)
def test_any_text_that_looks_like_yaml_is_changed_rightly_or_refused(text, wanted):
    try:
        outcome = set_keys(text, wanted)
    except YamlError:
        return
    found = yaml.safe_load(outcome.text)
    assert {key: found["temporal"].pop(key) for key in wanted} == wanted
    before = yaml.safe_load(text) or {}
    rest = {key: value for key, value in (before.pop("temporal", None) or {}).items() if key not in wanted}
    assert found.pop("temporal") == rest
    assert found == before


@pytest.mark.parametrize("count", [30])
def test_aliases_of_aliases_do_not_explode(count):
    lines = ["a0: &a0 [1, 1]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, count)]
    text = "\n".join([*lines, "temporal:", "  address: a:1", ""])
    assert set_keys(text, {"address": "b:1"}).text == text.replace("a:1", "b:1")
