# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One name for several addresses in a hosts file."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.host_entries import (
    HostEntriesError,
    addresses_of,
    check_name,
    with_entries,
)

MARKER = NAME = "temporal-frontend"
BLOCK = (
    "# BEGIN temporal-frontend (aegis.temporal)\n"
    "198.51.100.1 temporal-frontend\n"
    "198.51.100.2 temporal-frontend\n"
    "# END temporal-frontend (aegis.temporal)\n"
)


@pytest.mark.parametrize("text", ["", "127.0.0.1 localhost\n", "127.0.0.1 localhost", "# temporal-frontend\r\n"])
def test_what_is_put_in_is_taken_out_again(text):
    entered = with_entries(text, MARKER, NAME, ["198.51.100.1", "198.51.100.2"])
    assert entered.endswith(BLOCK)
    assert with_entries(entered, MARKER, NAME, ["198.51.100.1", "198.51.100.2"]) == entered
    assert with_entries(entered, MARKER, NAME, []).rstrip("\n") == text.rstrip("\n")


def test_the_block_changes_where_it_is():
    text = with_entries(f"before\n{BLOCK}after\n", MARKER, NAME, ["2001:db8::1"])
    assert text == (
        "before\n# BEGIN temporal-frontend (aegis.temporal)\n2001:db8::1 temporal-frontend\n"
        "# END temporal-frontend (aegis.temporal)\nafter\n"
    )


def test_other_markers_have_blocks_of_their_own():
    both = with_entries(BLOCK, "other", "other", ["198.51.100.9"])
    assert both.startswith(BLOCK)
    assert with_entries(both, "other", "", []) == BLOCK


def test_another_name_takes_the_place_of_the_old_one():
    text = with_entries(f"before\n{BLOCK}", MARKER, "temporal.example.com", ["198.51.100.1"])
    assert text == (
        "before\n# BEGIN temporal-frontend (aegis.temporal)\n198.51.100.1 temporal.example.com\n"
        "# END temporal-frontend (aegis.temporal)\n"
    )
    assert with_entries(text, MARKER, "", []) == "before\n"


@pytest.mark.parametrize("line", ["198.51.100.7 temporal-frontend", "198.51.100.7\tserver TEMPORAL-frontend # ours"])
def test_a_line_of_somebody_else_with_the_name_is_refused(line):
    with pytest.raises(HostEntriesError, match="which is not ours, gives the name 'temporal-frontend' already"):
        with_entries(f"{line}\n", MARKER, NAME, ["198.51.100.1"])


def test_the_block_goes_whoever_else_gives_the_name():
    assert with_entries(f"198.51.100.7 {NAME}\n{BLOCK}", MARKER, NAME, []) == f"198.51.100.7 {NAME}\n"


def test_a_block_without_end_is_refused():
    text = "# BEGIN temporal-frontend (aegis.temporal)\n127.0.0.1 localhost\n"
    with pytest.raises(HostEntriesError, match="has no end"):
        with_entries(text, MARKER, NAME, ["198.51.100.1"])


@pytest.mark.parametrize("name", ["temporal-frontend", "a", "temporal.example.com", "4temporal"])
def test_a_host_name_is_taken(name):
    check_name(name)


@pytest.mark.parametrize("name", ["", "two words", "-a", "a-", "under_score", "192.0.2.1", "a" * 64, "a..b"])
def test_what_is_no_host_name_is_refused(name):
    with pytest.raises(HostEntriesError, match="not a host name"):
        check_name(name)


def test_addresses_of_this_machine_come_first_and_each_once():
    found = addresses_of(["198.51.100.1", "127.0.0.1", "198.51.100.1", "2001:db8::1"])
    assert found == ["127.0.0.1", "198.51.100.1", "2001:db8::1"]


def test_a_name_that_is_unknown_here_is_told():
    with pytest.raises(HostEntriesError, match=r"'nowhere\.invalid' cannot be resolved .* Set host_address"):
        addresses_of(["nowhere.invalid"])
