# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports for CI servers and for people hold every row, whatever its texts are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.verify_html import html
from ansible_collections.aegis.temporal.plugins.module_utils.verify_junit import junit
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import rows

HOSTILE = '<script>alert(1)</script> & "quotes" ]]> \x00\x1b[31m \ud800 ü'
ADVICE = {"cause": "It is off & cold.", "fix": "Switch <it> on."}


def _rows():
    return rows(
        [
            {"id": "good", "name": "a good one", "host": "one", "result": {"elapsed": 0.5}, "detail": "2 found"},
            {"id": "bad", "name": "a bad one", "host": "two", "result": {"failed": True, "msg": HOSTILE}, **ADVICE},
            {"id": "late", "name": "a late one", "host": "two", "result": None, "needs": ["bad"]},
        ]
    )


class Page(HTMLParser):
    """Notes what a page asks for from elsewhere, its elements, and its texts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.foreign, self.texts = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.foreign += [value for name, value in attrs if name in ("src", "href", "data", "action")]

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_junit_has_hosts_as_classes_and_blocked_checks_as_skipped_ones():
    suite = ET.fromstring(junit(_rows(), "Verification of <all>")).find("testsuite")
    assert suite.attrib == {
        "name": "Verification of <all>",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "0.500",
    }
    good, bad, late = suite
    assert (good.get("classname"), good.get("name"), good.get("time")) == ("one", "a good one", "0.500")
    assert (len(good), good.findtext("system-out")) == (1, "2 found")
    assert bad.find("failure").get("type") == "bad"
    assert "<script>alert(1)</script>" in bad.findtext("failure")
    assert bad.findtext("failure").endswith("It is off & cold.\nSwitch <it> on.")
    assert late.find("skipped").get("message") == "blocked by a bad one on two"
    assert late.find("failure") is None


@pytest.mark.parametrize("text", [HOSTILE, "\ufffe\uffff", "a\tb\nc", ""])
def test_junit_is_well_formed_whatever_a_host_says(text):
    entries = rows([{"name": text, "host": text, "result": {"failed": True, "msg": text}, "fix": text}])
    case = ET.fromstring(junit(entries, text).encode()).find("testsuite/testcase")
    assert case.find("failure") is not None


def test_the_page_escapes_needs_nothing_from_elsewhere_and_has_failures_first():
    page = Page(html(_rows(), "Mine & <yours>", "2026-11-28 12:00 UTC"))
    assert page.foreign == []
    assert not {"script", "link", "img", "iframe"} & set(page.elements)
    assert "alert(1)" in "".join(page.texts)
    assert page.texts.index("a bad one") < page.texts.index("a late one") < page.texts.index("a good one")
    assert any(text.startswith("1 of 3 checks failed") for text in page.texts)
    assert "Switch <it> on." in page.texts


def test_the_page_says_so_when_all_passed_and_when_there_was_nothing():
    good = Page(html(_rows()[:1], "Mine", "now"))
    assert "All 1 checks passed" in good.texts
    assert "What failed" not in good.texts
    assert "Nothing was checked" in Page(html([], "Mine", "now")).texts
