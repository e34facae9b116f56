# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block of aegis-config.yaml: what it becomes in every form that such a file can have, and what is refused."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.plugin_utils.orchestrator_block import KEYS, set_keys
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import YamlError

WANTED = {
    "address": "10.0.0.11:7233",
    "namespace": "production",
    "task_queue": "aegis-agents",
    "worker_http_endpoint": "http://10.0.0.21:3000",
}
BLOCK = """\
temporal:
  address: "10.0.0.11:7233"
  namespace: production
  task_queue: aegis-agents
  worker_http_endpoint: http://10.0.0.21:3000
"""


def indented(text, columns):
    return "".join(" " * columns + line for line in text.splitlines(keepends=True))


def block_of(text, *path):
    found = yaml.safe_load(text)
    for name in path:
        found = found[name]
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", BLOCK),
        ("# mine\n", "# mine\n" + BLOCK),
        ("---\n", "---\n" + BLOCK),
        ("\ufeff", "\ufeff" + BLOCK),
        ("network:\n  port: 1", "network:\n  port: 1\n" + BLOCK),
        ("network:\n  port: 1\n\n# end\n", "network:\n  port: 1\n\n# end\n" + BLOCK),
        ("a: |+\n  text\n\n", "a: |+\n  text\n\n" + BLOCK),
        ("a: 1\n...\n", "a: 1\n" + BLOCK + "...\n"),
        ("temporal:\n# of the next\nb: 1\n", BLOCK + "# of the next\nb: 1\n"),
        ("kind: Pod\nspec: {}\n", "kind: Pod\nspec: {}\n" + BLOCK),
        ("kind: NodeConfig\nspec:\n", "kind: NodeConfig\nspec:\n" + indented(BLOCK, 2)),
        ("kind: NodeConfig\n", "kind: NodeConfig\nspec:\n" + indented(BLOCK, 2)),
        (
            "kind: NodeConfig\nspec:\n  a:\n    b: 1 # end\n    # of b\n\n  # of spec\n# of the file\nz: 1\n",
            "kind: NodeConfig\nspec:\n  a:\n    b: 1 # end\n    # of b\n\n  # of spec\n"
            + indented(BLOCK, 2)
            + "# of the file\nz: 1\n",
        ),
    ],
)
def test_a_missing_block_is_put_in_at_its_place(before, after):
    assert set_keys(before, WANTED).text == after


def test_the_file_s_own_indentation_is_used():
    text = set_keys("kind: NodeConfig\nspec:\n    a:\n        b: 1\n", WANTED).text
    assert "\n    temporal:\n        address:" in text


def test_line_ends_of_the_file_are_used():
    text = set_keys("a: 1\r\ntemporal:\r\n  address: b:1\r\nz: 1\r\n", WANTED).text
    assert text.count("\n") == text.count("\r\n") == 7
    assert text.endswith("worker_http_endpoint: http://10.0.0.21:3000\r\nz: 1\r\n")


def test_only_the_differing_values_are_written():
    before = """\
temporal:
  worker_secret: hush   # never touched
  namespace: 'other'    # which one
  max_connection_retries: 5
  task_queue:  aegis-agents
  address: temporal:7233
  # worker_http_endpoint: http://old:3000

extra: [1,  2]
"""
    outcome = set_keys(before, WANTED)
    assert outcome.text == before.replace("'other'", "'production'").replace(
        "temporal:7233", '"10.0.0.11:7233"'
    ).replace("old:3000\n", "old:3000\n  worker_http_endpoint: http://10.0.0.21:3000\n")
    assert outcome.changed_keys == ["address", "namespace", "worker_http_endpoint"]


@pytest.mark.parametrize(
    "before",
    [
        "temporal: {address: a:1, other: [1, 2]}\nz: 1\n",
        "temporal: {\n  address: a:1,  # here\n  other: [1, 2],\n}\nz: 1\n",
        "temporal: {address:, namespace: , other: [1, 2]}\nz: 1\n",
        "temporal: {other: [1, 2], namespace: , address: }\nz: 1\n",
        '{"temporal": {"address": "a:1", "other": [1, 2]}, "z": 1}',
    ],
)
def test_braces(before):
    text = set_keys(before, WANTED).text
    assert block_of(text, "temporal") == {**WANTED, "other": [1, 2]}
    assert block_of(text, "z") == 1


@pytest.mark.parametrize("before", ["temporal: {}", "temporal: ~\n", "temporal: null # none\n", "{temporal: }", "{}"])
def test_a_block_without_keys(before):
    assert block_of(set_keys(before, WANTED).text, "temporal") == WANTED


@pytest.mark.parametrize(
    "before", ["kind: NodeConfig\nspec: ~ # none\n", "{kind: NodeConfig, spec: }", "{kind: NodeConfig}"]
)
def test_a_file_without_a_spec(before):
    assert block_of(set_keys(before, WANTED).text, "spec", "temporal") == WANTED


def test_an_environment_variable_is_a_text_like_others():
    before = "temporal:\n  address: env:TEMPORAL_ADDRESS\n"
    assert set_keys(before, {"address": "env:TEMPORAL_ADDRESS"}).text == before
    assert set_keys(before, {"address": "a:1"}).text == "temporal:\n  address: a:1\n"
    other = set_keys("temporal:\n  address: a:1\n", {"address": "env:TEMPORAL_ADDRESS"})
    assert other.text == before


def test_a_number_is_no_text():
    outcome = set_keys("temporal:\n  namespace: 123\n", {"namespace": "123"})
    assert outcome.text == 'temporal:\n  namespace: "123"\n'
    assert outcome.changed_keys == ["namespace"]


@pytest.mark.parametrize(
    "value", ["yes", "null", "0x1", "1e3", "2026-01-01", "a b", "it's", 'a"b', "a: b", "a #b", "ü"]
)
@pytest.mark.parametrize("before", ["", "temporal: {task_queue: x}", "temporal:\n  task_queue: 'x'\n"])
def test_whatever_the_text_it_is_read_back(before, value):
    assert block_of(set_keys(before, {"task_queue": value}).text, "temporal", "task_queue") == value


def test_a_text_of_ansible_is_a_text():
    class Tagged(str):
        """What Ansible makes of a text to remember where it came from."""

    assert set_keys("", {"address": Tagged("a:1")}).text == "temporal:\n  address: a:1\n"
    assert set_keys("temporal: {address: 'b'}", {"address": Tagged("a")}).text == "temporal: {address: 'a'}"


def test_keys_that_are_not_wanted_stay_or_stay_away():
    outcome = set_keys("temporal:\n  address: a:1\n", {"namespace": "n1"})
    assert outcome.text == "temporal:\n  address: a:1\n  namespace: n1\n"
    assert outcome.before == {"address": "a:1", "namespace": None, "task_queue": None, "worker_http_endpoint": None}


def test_what_is_shown_holds_no_secret():
    before = (
        "token: secret-1\ntemporal:\n  # secret-2\n  worker_secret: secret-3\n  own: {x: secret-4}\n"
        "  worker_http_endpoint: http://u:secret-5@h:1\n  max_connection_retries: 5\n  address: secret:6\n"
    )
    outcome = set_keys(before, {"namespace": "n1"})
    shown = outcome.shown_before + outcome.shown_after + str(outcome.before) + str(outcome.after)
    assert not [number for number in "12345" if "secret-" + number in shown]
    assert "max_connection_retries: 5" in shown
    assert "address: secret:6" in shown
    assert "http://********@h:1" in shown


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("a: 1\n---\nb: 2\n", r"more than one document \(line 2"),
        ("a:\n\tb: 1\n", r"not YAML: found character '\\t' .*line 2, column 1"),
        ('a: "secret\n', "not YAML"),
        ("a: \x07secret\n", "not YAML"),
        ("- a\n", "no mapping of keys"),
        ("text", "no mapping of keys"),
        ("[" * 2000 + "]" * 2000, "nested too deeply"),
        ("temporal:\n  - a\n", "temporal is a list or a plain value"),
        ("kind: NodeConfig\nspec: text\n", "spec is a list or a plain value"),
        ("temporal: {}\na: 1\ntemporal: {}\n", r"temporal is there more than once \(lines 1, 3\)"),
        ("kind: a\nkind: b\n", "kind is there more than once"),
        ("temporal:\n  address: a\n  'address': b\n", r"temporal.address is there more than once \(lines 2, 3\)"),
        ("a: &x {b: c}\ntemporal: *x\n", "temporal is an alias"),
        ("temporal: &x\n  address: a:1\nb: *x\n", r"anchor &x \(line 1\)"),
        ("temporal:\n  address: &x a:1\nb: *x\n", r"anchor &x \(line 2\)"),
        ("a: &x 1\ntemporal:\n  own: *x\n", r"alias \*x \(line 3\)"),
        ("kind: NodeConfig\nspec: &x\n  a: 1\n", "spec has the anchor &x"),
        ("a: &x {address: b}\ntemporal:\n  <<: *x\n", "temporal has a merge key"),
        ("a: &x {temporal: {}}\n<<: *x\n", "the file's mapping has a merge key"),
        ("temporal:\n  address: >-\n    a:1\n", r"temporal.address is a text block \(>\)"),
        ("temporal:\n  address: [a]\n", "temporal.address is no plain value"),
        ("temporal:\n  address: !env X\n", "temporal.address has the tag !env"),
        ("a: |\n  no line end", "Write the block by hand once"),
        ("---\n...\n", "Write the block by hand once"),
    ],
)
def test_refused(before, reason):
    with pytest.raises(YamlError, match=reason) as refused:
        set_keys(before, WANTED)
    assert "secret" not in str(refused.value)


def test_nothing_is_refused_where_nothing_is_to_change():
    before = "a: &x 1\ntemporal:\n  address: &y a:1\n  own: *x\nb: *y\n"
    assert set_keys(before, {"address": "a:1"}).text == before


def test_the_second_time_nothing_changes():
    once = set_keys("kind: NodeConfig\n", WANTED)
    again = set_keys(once.text, WANTED)
    assert again.text == once.text
    assert again.changed_keys == []
    assert again.before == again.after == once.after
    assert list(once.after) == list(KEYS)
