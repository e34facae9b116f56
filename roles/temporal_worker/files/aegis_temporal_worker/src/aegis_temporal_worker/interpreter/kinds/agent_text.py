# SPDX-License-Identifier: Apache-2.0
"""Reading the text that an agent ends with: code fences and JSON (contract 6.4)."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

from ..values import too_deep

_FENCE: Final = "```"
# CommonMark, "Fenced code blocks": at least three back-ticks; what follows them on the line has none.
_OPENING: Final = re.compile(r"(`{3,})[^`\n]*\n")
_LANGUAGE: Final = re.compile(r"[A-Za-z0-9_+-]*")
_JSON_ENDS: Final = ("{}", "[]")


def output_of(text: str) -> object:
    """What a final text stands for: the value of its JSON object or array, else the text without its outer fence.

    A text of which nothing would remain is left as it is.
    """
    bare = without_fence(text)
    value = json_value(bare)
    return (bare or text) if value is None else value


def json_value(text: str) -> dict[str, Any] | list[Any] | None:
    """The JSON object or array that the whole text is, or None.

    What could not be written as JSON again, or is nested too deeply to work on, counts as text.
    """
    if text[:1] + text[-1:] not in _JSON_ENDS:
        return None
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return None if too_deep(value) or not isinstance(value, (dict, list)) else value


def without_fence(text: str) -> str:
    """The text, trimmed, without a code fence that goes around all of it."""
    whole = text.strip()
    opening = _OPENING.match(whole)
    if opening is None:
        return _without_fence_on_one_line(whole)
    fence = opening[1]
    if not whole.endswith(fence):
        return whole
    body = whole[opening.end() : -len(fence)]
    return whole if _closes_within(body, fence) else body.strip()


def first_fenced(text: str) -> str | None:
    """What the first code fence in the text holds, trimmed, or None."""
    start = text.find(_FENCE)
    end = text.find(_FENCE, start + len(_FENCE)) if start >= 0 else -1
    return _without_language(text[start + len(_FENCE) : end]) if end >= 0 else None


def _without_language(block: str) -> str:
    language = _LANGUAGE.match(block)
    return block[language.end() if language else 0 :].strip()


def _without_fence_on_one_line(whole: str) -> str:
    # Only for JSON: in any other text the first word may belong to the text rather than name its language.
    if len(whole) > 2 * len(_FENCE) and whole.startswith(_FENCE) and whole.endswith(_FENCE):
        inner = _without_language(whole.strip("`"))
        if inner[:1] + inner[-1:] in _JSON_ENDS:
            return inner
    return whole


def _closes_within(body: str, fence: str) -> bool:
    """Whether the fence before ``body`` ends inside of it: the text is then several blocks, not one."""
    depth = 1
    for line in body.split("\n"):
        marks = line.strip()
        if not marks.startswith(fence):
            continue
        if marks.strip("`"):
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return True
    return False


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is out of range")
    return number
