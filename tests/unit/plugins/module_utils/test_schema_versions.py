# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which schema a server needs, and which way leads there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.schema_versions import (
    SchemaError,
    Step,
    check_minor_step,
    minor_of,
    number,
    steps,
    target,
)

TABLE = Path(__file__).parents[4] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]


def test_numbers_compare_by_value():
    assert number("1.9") < number("1.10")


@pytest.mark.parametrize("text", ["", "1.x", "v1.2"])
def test_no_version(text):
    with pytest.raises(SchemaError, match="is no version"):
        number(text)


def test_minor():
    assert minor_of("1.32.2") == "1.32"
    with pytest.raises(SchemaError, match=r"form X\.Y\.Z"):
        minor_of("1.32")


def test_target_of_a_known_version():
    assert target(VERSIONS, "1.32.2", "default") == ("1.19", True)
    assert target(VERSIONS, "1.24.2", "visibility") == ("1.6", True)


def test_target_of_an_unknown_patch_is_not_exact():
    assert target(VERSIONS, "1.32.99", "visibility") == ("1.14", False)


def test_unknown_minor_is_refused():
    with pytest.raises(SchemaError, match=r"minor 1\.99 is not in the version table"):
        target(VERSIONS, "1.99.0", "default")


def both(default, visibility):
    return {"default": default, "visibility": visibility}


@pytest.mark.parametrize(
    ("server", "current"),
    [
        ("1.32.2", {}),
        ("1.32.2", both("1.19", "1.14")),
        ("1.25.1", both("1.12", "1.6")),
        ("1.30.9", both("1.18", "1.9")),
        ("1.30.9", both("1.18", "1.11")),  # interrupted between 1.9 and 1.13
        ("1.25.1", both("1.14", "1.6")),  # interrupted between the stores: nothing left to do in the second
        ("1.28.1", both("1.17", "1.9")),
        ("1.24.2", both("1.11", "1.4")),  # from 1.23, which the table does not hold
        ("1.27.3", both("1.15", "1.9")),  # what the replaced release 1.27.0 left behind
        ("1.30.9", both("1.19", "1.14")),  # rollback of the binaries by one minor
    ],
)
def test_allowed_steps(server, current):
    check_minor_step(VERSIONS, server, current)


@pytest.mark.parametrize(
    ("server", "current", "text"),
    [
        ("1.32.2", both("1.12", "1.6"), r"belong to server 1\.24; server 1\.32\.2 would skip 1\.25, .*1\.31"),
        ("1.26.2", both("1.12", "1.6"), r"would skip 1\.25\. .*beginning with 1\.25"),
        ("1.32.2", both("1.18", "1.13"), r"belong to server 1\.30; .*would skip 1\.31\."),
        ("1.31.5", both("1.18", "1.9"), r"belong to server 1\.29; .*would skip 1\.30\."),
        ("1.25.1", both("1.11", "1.4"), r"belong to server 1\.23; .*would skip 1\.24"),
        ("1.24.2", both("1.11", "1.1"), r"older than 1\.20"),
        ("1.29.1", both("1.19", "1.14"), r"belong to server 1\.31 to 1\.32; going back .*would skip 1\.30"),
    ],
)
def test_refused_steps(server, current, text):
    with pytest.raises(SchemaError, match=text):
        check_minor_step(VERSIONS, server, current)


def test_steps_of_a_new_database():
    assert steps("default", None, "1.19", exact=True, predict=False) == [
        Step("default", "setup", None, "0.0"),
        Step("default", "update", "0.0", "1.19"),
    ]


def test_steps_when_behind():
    assert steps("default", "1.9", "1.19", exact=True, predict=False) == [Step("default", "update", "1.9", "1.19")]


@pytest.mark.parametrize("current", ["1.19", "1.20"])
def test_nothing_to_do_and_never_backwards(current):
    assert steps("default", current, "1.19", exact=True, predict=False) == []


def test_unknown_patch_lets_the_tool_decide_but_not_in_check_mode():
    assert steps("default", "1.19", "1.19", exact=False, predict=False) == [Step("default", "update", "1.19", None)]
    assert steps("default", "1.19", "1.19", exact=False, predict=True) == []
    assert steps("default", "1.18", "1.19", exact=False, predict=True) == [Step("default", "update", "1.18", None)]
