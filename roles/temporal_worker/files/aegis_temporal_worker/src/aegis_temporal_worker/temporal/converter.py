# SPDX-License-Identifier: Apache-2.0
"""Payloads as ``json/plain``, like the SDK's default, through a faster JSON library."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    value_to_type,
)

from ..activities.encoding import dumps, loads

# Types of arguments and results that are kept ready; there are about thirty.
_MOST_TYPES: Final = 256


class FastJSONPayloadConverter(JSONPlainPayloadConverter):
    """Reads and writes what the SDK's converter does; objects keep the order of their keys."""

    def to_payload(self, value: Any) -> Payload | None:
        """The payload of a JSON value or a dataclass."""
        return Payload(metadata={"encoding": self.encoding.encode()}, data=dumps(value))

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value, as ``type_hint`` when one is given.

        Raises ``RuntimeError`` for a payload that is no JSON or nested too deeply, and ``TypeError`` for a value that
        is not of the type, as the SDK's converter does.
        """
        try:
            value = loads(payload.data)
        except ValueError as error:
            raise RuntimeError(f"the payload is no JSON: {error}") from error
        except RecursionError as error:
            raise RuntimeError("the payload is nested too deeply") from error
        if type_hint is None:
            return value
        if not dataclasses.is_dataclass(type_hint):
            return value_to_type(type_hint, value)
        try:
            return _adapter(type_hint).validate_python(value)
        except ValidationError as error:
            raise TypeError(f"the payload is no {type_hint.__name__}: {error}") from error


@lru_cache(maxsize=_MOST_TYPES)
def _adapter(message: type) -> TypeAdapter[Any]:
    """What reads a dataclass; the SDK's own reader looks at the type's hints anew each time."""
    return TypeAdapter(message)


class PayloadConverter(CompositePayloadConverter):
    """The SDK's converters, with the faster one for JSON."""

    def __init__(self) -> None:
        super().__init__(
            *(
                FastJSONPayloadConverter() if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


DATA_CONVERTER = DataConverter(payload_converter_class=PayloadConverter)
