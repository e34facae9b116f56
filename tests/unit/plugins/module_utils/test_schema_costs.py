# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps of the schema cost, and which tables they lock."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.schema_costs import (
    CLASSES,
    Size,
    between,
    changes,
    cost,
    tables,
)

VERSIONS = yaml.safe_load((Path(__file__).parents[4] / "roles/runtime/vars/versions.yml").read_text())["versions"]


@pytest.mark.parametrize(
    ("start", "to", "expected"),
    [
        ("1.9", "1.13", ["1.10", "1.11", "1.12", "1.13"]),
        ("1.13", "1.13", []),
        ("0.0", "1.1", ["1.0", "1.1"]),
        (None, "1.0", ["1.0"]),
    ],
)
def test_versions_between(start, to, expected):
    assert between(start, to) == expected


@pytest.mark.parametrize(
    ("store", "version", "server", "expected"),
    [
        ("default", "1.12", "1.24.2", "trivial"),
        ("default", "1.14", "1.25.1", "short_lock"),
        ("default", "1.16", "1.27.3", "short_lock"),
        ("default", "1.19", "1.31.5", "trivial"),
        ("visibility", "1.2", "1.24.2", "rewrite"),
        ("visibility", "1.6", "1.24.2", "index_build"),
        ("visibility", "1.8", "1.27.3", "rewrite"),
        # One combined rewrite in place of four, by the patch that carries the files.
        ("visibility", "1.11", "1.30.4", "rewrite"),
        ("visibility", "1.11", "1.30.5", "trivial"),
        ("visibility", "1.11", "1.31.0", "rewrite"),
        ("visibility", "1.11", "1.31.1", "trivial"),
        ("visibility", "1.11", "1.32.2", "trivial"),
        ("visibility", "1.13", "1.30.9", "rewrite"),
        ("visibility", "1.14", "1.32.2", "rewrite"),
    ],
)
def test_classes(store, version, server, expected):
    assert cost(store, version, server)[0] == expected
    assert expected in CLASSES


@pytest.mark.parametrize("store", ["default", "visibility"])
def test_what_nobody_knows_yet_is_taken_for_the_worst(store):
    assert cost(store, "1.99", "1.40.0") == ("rewrite", tables(store)[0])


def test_the_newest_schemas_of_the_matrix_are_known():
    newest = VERSIONS["server"][VERSIONS["default"]["server"]]
    assert cost("default", newest["schema"], "1.32.2")[0] == "trivial"
    assert cost("visibility", newest["visibility_schema"], "1.32.2") == ("rewrite", "executions_visibility")


def test_a_table_that_is_not_there_has_no_rows():
    size = Size(3, 8192)
    (known,) = changes("visibility", "1.13", "1.14", "1.32.2", {"executions_visibility": size})
    assert (known["rows"], known["bytes"]) == (3, 8192)
    (absent,) = changes("visibility", "1.13", "1.14", "1.32.2", {})
    assert (absent["rows"], absent["bytes"]) == (0, 0)
