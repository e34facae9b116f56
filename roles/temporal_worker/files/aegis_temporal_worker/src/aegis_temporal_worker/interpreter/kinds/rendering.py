# SPDX-License-Identifier: Apache-2.0
"""Rendering of objects of templates, such as an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..context import Context
from ..values import text


def render_values(values: Mapping[str, Any], context: Context) -> dict[str, str]:
    """Every value turned to text and rendered, under its key."""
    return {key: context.render(text(value)) for key, value in values.items()}
