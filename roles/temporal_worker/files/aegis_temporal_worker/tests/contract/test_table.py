# SPDX-License-Identifier: Apache-2.0
"""The table of ``docs/contract.md``: every row of the contract has a test, and the test says so."""

from __future__ import annotations

import pytest

from .table import DEFECTS, PAGE, names, problems, rows

TEXT = PAGE.read_text(encoding="utf-8")


def test_every_row_has_a_test_that_names_it() -> None:
    assert problems(TEXT) == []


def test_there_are_rows() -> None:
    assert len(rows(TEXT)) > 300
    assert [row.section for row in rows(TEXT) if " no. " in row.section] == DEFECTS
    assert sum(len(row.tests) for row in rows(TEXT)) > len(rows(TEXT))


ROW = next(line for line in TEXT.splitlines() if line.startswith("| 6.3 "))


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        (TEXT.replace("| 9.2 no. 23 |", "| 9.2 |"), "9.2 no. 23 has no row"),
        (TEXT.replace("| D5 |", "| D4.3 |"), "D5 has no row"),
        (TEXT + ROW.replace("6.3", "6.16"), "6.16 is no section"),
        (TEXT + ROW.replace("6.3", "9.1 no. 4"), "9.1 no. 4 has several rows"),
        (
            TEXT + "| 6.3 | a | `interpreter/test_run.py::test_nothing` | |",
            "there is no test interpreter/test_run.py::",
        ),
        (TEXT + "| 6.3 | a | `interpreter/no_file.py::test_a` | |", "there is no test interpreter/no_file.py::test_a"),
        (TEXT + "| 6.3 | a | | because |", "6.3, a: neither a test nor a reason"),
        (TEXT + "| 2.4 | a | `interpreter/test_run.py::test_visit_limit` | |", "2.4, a: no test names the section"),
    ],
)
def test_a_wrong_page_is_noticed(page: str, problem: str) -> None:
    assert any(problem in found for found in problems(page))


@pytest.mark.parametrize(
    ("said", "section", "named"),
    [
        ("Contract 6.3.", "6.3", True),
        ("Contract 6.13", "6.1", False),
        ("Contract 16.3", "6.3", False),
        ("Contract 1.2, D3.3", "1.2", False),
        ("Contract 1.2, D1.3, D3.3", "D1.3", True),
        ("Orchestrator 1.2.0", "1.2", False),
        ("test_contract_3_2_a_body", "3.2", True),
        ("test_contract_3_21_a_body", "3.2", False),
        ("test_contract_d2_5_slash", "D2.5", True),
        ("Contract 7.2 to 7.5", "7.4", True),
        ("Contract 7.2 to 7.5", "7.1", False),
        ("9.1 no. 2, 6 and 11", "9.1 no. 6", True),
        ("9.1 no. 2, 6 and 11", "9.1 no. 1", False),
        ("9.1, no. 3", "9.1 no. 3", True),
        ("9.2 no. 3", "9.1 no. 3", False),
        ("test_contract_9_3_44_ids", "9.3 no. 44", True),
    ],
)
def test_what_names_a_section(said: str, section: str, named: bool) -> None:
    assert names(said, section) is named
