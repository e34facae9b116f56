# SPDX-License-Identifier: Apache-2.0
"""What a run told and asked for, in the order in which it arrived, with everything that changes from run to run named.

Ids become ``<run>``, ``<agent writer>``, ``<definition echo-test>``, ``<id 1>`` …, times ``<time>``, durations
``<ms>``, paths of this machine ``<scratch>``. A text that is JSON is shown as ``{"<json>": …}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import Any, Final

Entry = dict[str, Any]

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JSON_FIELDS: Final = ("context_json", "handler_config_json", "final_output")
_DURATION: Final = "duration_ms"


class Names:
    """Stable names for the ids of one run; an id that is not known gets the next number."""

    def __init__(self, known: Mapping[str, str], scratch: str) -> None:
        self._known = dict(known)
        self._scratch = scratch
        self._deadlines: dict[str, str] = {}

    def text(self, value: str) -> str:
        """The text with the ids and paths in it named."""
        return _UUID.sub(lambda match: self._name(match[0]), value).replace(self._scratch, "<scratch>")

    def known(self, value: str) -> str:
        """The text with the known ids named and the others left out."""
        return _UUID.sub(lambda match: self._known.get(match[0], ""), value)

    def deadline(self, asked: str, expires: str) -> str:
        """A deadline, named by its distance from the first question that has it."""
        if expires not in self._deadlines:
            seconds = (datetime.fromisoformat(expires) - datetime.fromisoformat(asked)).total_seconds()
            self._deadlines[expires] = f"<deadline {len(self._deadlines) + 1}: {seconds:g} s later>"
        return self._deadlines[expires]

    def _name(self, identifier: str) -> str:
        if identifier not in self._known:
            self._known[identifier] = f"<id {1 + sum(name.startswith('<id ') for name in self._known.values())}>"
        return self._known[identifier]


def transcript(entries: Iterable[Entry], run_id: str, result: Any, known: Mapping[str, str], scratch: str) -> Entry:
    """The golden form of one run: ``told`` (its events and the runtime's calls), its children's events, its result."""
    fresh = [entry for entry in entries if entry["kind"] == "call" or not entry.get("double")]
    others = dict.fromkeys(
        entry["execution_id"] for entry in fresh if entry["kind"] == "event" and entry["execution_id"] != run_id
    )
    own = [entry for entry in fresh if entry["kind"] == "call" or entry["execution_id"] == run_id]
    names = Names({run_id: "<run>", **known}, scratch)
    made: Entry = {"told": [_shown(entry, names) for entry in _ordered(own, names)]}
    for number, child in enumerate(others, start=1):
        events = [entry for entry in fresh if entry["execution_id"] == child and entry["kind"] == "event"]
        made[f"child {number}"] = [_shown(entry, names) for entry in events]
    made["result"] = _result(result, made["told"], names)
    return made


def _ordered(entries: Iterable[Entry], names: Names) -> Iterator[Entry]:
    """Calls that stand side by side were made at once, and arrive in any order."""
    for _, group in groupby(entries, key=lambda entry: (entry["kind"], entry.get("method"))):
        together = list(group)
        if together[0]["kind"] == "call":
            together.sort(key=lambda entry: names.known(json.dumps(entry["request"], sort_keys=True)))
        yield from together


def _shown(entry: Entry, names: Names) -> Entry:
    if entry["kind"] == "call":
        tenant = {"tenant": entry["tenant_id"], "authorised": entry["authorised"]}
        return {"call": entry["method"], **tenant, "request": named(entry["request"], names)}
    event = dict(entry["event"])
    if "expires_at" in event:
        event["expires_at"] = names.deadline(event["timestamp"], event["expires_at"])
    event["timestamp"] = "<time>"
    refusal = {} if entry["status"] == 200 else {"refused": entry["status"], "reason": names.text(entry["reason"])}
    return {"event": event.pop("event_type"), **refusal, **named(event, names)}


def named(value: Any, names: Names, key: str = "") -> Any:
    """The value with everything volatile in it named."""
    if isinstance(value, dict):
        return {item: named(member, names, item) for item, member in value.items()}
    if isinstance(value, list):
        return [named(item, names) for item in value]
    if key == _DURATION and str(value).isdigit():
        return "<ms>"
    if not isinstance(value, str):
        return value
    if key in _JSON_FIELDS and value[:1] in ("{", "["):
        parsed = json.loads(value)
        compact = json.dumps(parsed, separators=(",", ":"), ensure_ascii=False)
        return {"<json>" if compact == value else "<json that is not compact>": named(parsed, names)}
    return names.text(value)


def _result(result: Any, told: list[Entry], names: Names) -> Any:
    shown = named(result, names)
    last = next((item for item in reversed(told) if "final_blackboard" in item), {})
    if isinstance(shown, dict) and shown.get("blackboard") == last.get("final_blackboard"):
        shown["blackboard"] = "<final_blackboard of the last event>"
    return shown
