# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How keys of dynamic configuration are read from the server's sources, in both forms that these have had."""

from __future__ import annotations

import importlib.util
import json
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[3]
REGISTERED = """
    A = NewGlobalIntSetting(
        "frontend.rps", 2400, `text`)
    B = dynamicconfig.NewNamespaceTypedSettingWithConverter("callback.rules", convert, nil, `text`)
    C = dynamicconfig.NewNamespaceIDBoolSetting("x.y", true, `text`)
    D = dynamicconfig.NewGlobalTypedSetting[map[string]int](
        "a.b", nil, `text`)
    E = NewTaskQueueIntSettingWithConstrainedDefault("m.n", nil, `text`)
"""
CONSTANTS = """
const (
	// Text.
	FrontendRPS = "frontend.rps"
	Ratio       = "system.operatorRPSRatio"
	Partitions  = "matching.numTaskqueueReadPartitions"
	Nobody      = "nobody.reads"
	Two         = "two.ways"
)
"""
READS = """
    dc.GetIntProperty(dynamicconfig.FrontendRPS, 2400)
    dc.GetFloat64Property(
        dynamicconfig.Ratio, 0.2)
    dc.GetTaskQueuePartitionsProperty(dynamicconfig.Partitions)
    dc.GetBoolPropertyFnWithNamespaceFilter(dynamicconfig.Two, true)
    dc.GetBoolProperty(dynamicconfig.Two, true)
"""


@pytest.fixture(scope="module")
def tool():
    path = ROOT / "tools" / "extract_dynamic_config_keys.py"
    spec = importlib.util.spec_from_file_location("extract_dynamic_config_keys", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_that_register_themselves(tool):
    assert tool.registered([REGISTERED]) == {
        "frontend.rps": ("int", "Global"),
        "callback.rules": ("typed", "Namespace"),
        "x.y": ("bool", "NamespaceID"),
        "a.b": ("typed", "Global"),
        "m.n": ("int", "TaskQueue"),
    }


def test_one_key_with_two_meanings(tool):
    with pytest.raises(ValueError, match=r"frontend\.rps is"):
        tool.registered([REGISTERED, 'NewGlobalBoolSetting("frontend.rps", true, ``)'])


def test_constants_with_what_reads_them(tool):
    assert tool.named(CONSTANTS, [READS]) == {
        "frontend.rps": ("int", "Global"),
        "system.operatorRPSRatio": ("float", "Global"),
        "matching.numTaskqueueReadPartitions": ("int", "TaskQueue"),
        "nobody.reads": ("any", "any"),
        "two.ways": ("bool", "any"),
    }


def test_sources_of_another_form_are_told(tool, tmp_path):
    (tmp_path / "a.go").write_text(REGISTERED)
    with pytest.raises(ValueError, match="only 5 keys"):
        tool.keys_of(tmp_path)


def test_ranges(tool):
    table = tool.table(
        {
            "1.1.0": {"a": ("int", "Global"), "gone": ("int", "Global")},
            "1.2.0": {"a": ("int", "Global"), "B": ("bool", "Global")},
            "1.3.0": {"a": ("float", "Global"), "gone": ("int", "Global")},
        }
    )
    assert json.loads(table) == {
        "versions": ["1.1.0", "1.2.0", "1.3.0"],
        "keys": {
            "a": [["int", "Global", "1.1.0", "1.2.0"], ["float", "Global", "1.3.0", "1.3.0"]],
            "B": [["bool", "Global", "1.2.0", "1.2.0"]],
            "gone": [["int", "Global", "1.1.0", "1.1.0"], ["int", "Global", "1.3.0", "1.3.0"]],
        },
    }
