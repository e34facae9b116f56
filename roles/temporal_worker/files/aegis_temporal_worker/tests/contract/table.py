# SPDX-License-Identifier: Apache-2.0
"""Reads ``docs/contract.md``, and what is wrong with it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs" / "contract.md"

# How many sections each chapter has. Chapter D5 has none.
_CHAPTERS: Final = {
    **{"1": 4, "2": 6, "3": 3, "4": 8, "5": 7, "6": 15, "7": 5, "8": 6},
    **{"D1": 3, "D2": 5, "D3": 3, "D4": 3},
}
SECTIONS: Final = [f"{chapter}.{number}" for chapter, last in _CHAPTERS.items() for number in range(1, last + 1)]
# The defects by their section, which numbers them through.
_DEFECTS: Final = {"9.1": range(1, 23), "9.2": range(23, 37), "9.3": range(37, 49)}
DEFECTS: Final = [f"{section} no. {number}" for section, numbers in _DEFECTS.items() for number in numbers]
# A row may go without a test only with one of these at the beginning of its note.
REASONS: Final = ("Nothing to do: ", "Not built: ")

_ID: Final = re.compile(r"`([\w/]+\.py(?:::\w+)+)`")
_RANGE: Final = re.compile(r"(?<![\d.])(\d+)\.(\d+) to (\d+)\.(\d+)(?!\d)")


@dataclass(frozen=True)
class Row:
    """One row: section of the contract, its name in our words, ids of tests, note."""

    section: str
    name: str
    tests: tuple[str, ...]
    note: str


def rows(text: str) -> list[Row]:
    """The rows of all tables of a page."""
    found = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if line.startswith("|") and not set(line) <= set("|-") and cells[1] != "§":
            _, section, name, tests, note, _ = cells
            found.append(Row(section, name, tuple(_ID.findall(tests)), note))
    return found


@cache
def tests_of(path: Path) -> Mapping[str, str]:
    """The tests of a file by id, each with what is said about it: its name, its docstring, those around it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return dict(_tests(tree.body, path.relative_to(TESTS).as_posix(), ast.get_docstring(tree) or ""))


def _tests(body: Sequence[ast.stmt], inside: str, said: str) -> Iterator[tuple[str, str]]:
    for item in body:
        if isinstance(item, ast.ClassDef) and item.name.startswith("Test"):
            yield from _tests(item.body, f"{inside}::{item.name}", f"{said} {ast.get_docstring(item) or ''}")
        elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) and item.name.startswith("test_"):
            yield f"{inside}::{item.name}", f"{item.name} {ast.get_docstring(item) or ''} {said}"


def said_about(test: str) -> str | None:
    """What is said about a test; None when there is no such test."""
    path = TESTS / test.partition("::")[0]
    return tests_of(path).get(test) if path.is_file() else None


def names(said: str, section: str) -> bool:
    """Whether a text names a section (``6.3``, ``contract_6_3``, ``6.1 to 6.3``) or a defect (``9.1 no. 2, 6``)."""
    section, _, number = section.partition(" no. ")
    tail = f"_{number}" if number else ""
    if re.search(rf"contract_{section.lower().replace('.', '_')}{tail}(?!\d)", said):
        return True
    if number:
        listed = re.findall(rf"{re.escape(section)},? no\. ((?:\d+(?:, | and |,? no\. )?)+)", said)
        return any(number in re.findall(r"\d+", numbers) for numbers in listed)
    # "contract 1.2, D3.3" names a section of the delta for orchestrator 1.2.
    delta = "|, D" if section == "1.2" else ""
    if re.search(rf"(?<![\d.]){re.escape(section)}(?!\d|\.\d{delta})", said):
        return True
    return any(
        first == last == chapter and int(low) <= int(section.rpartition(".")[2]) <= int(high)
        for first, low, last, high in _RANGE.findall(said)
        for chapter in [section.rpartition(".")[0]]
    )


def problems(text: str) -> list[str]:
    """What is wrong with a page."""
    listed = rows(text)
    sections = [row.section for row in listed]
    found = [f"{section} has no row" for section in (*SECTIONS, "D5", *DEFECTS, "9.4") if section not in sections]
    known = {*SECTIONS, "D5", *DEFECTS, "9.4"}
    found += [f"{section} is no section" for section in sections if section not in known]
    found += [f"{defect} has several rows" for defect in DEFECTS if sections.count(defect) > 1]
    for row in listed:
        about = {test: said_about(test) for test in row.tests}
        found += [f"{row.section}: there is no test {test}" for test, said in about.items() if said is None]
        if not about and not row.note.startswith(REASONS):
            found.append(f"{row.section}, {row.name}: neither a test nor a reason")
        if about and not any(said and names(said, row.section) for said in about.values()):
            found.append(f"{row.section}, {row.name}: no test names the section")
    return found
