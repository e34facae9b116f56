# SPDX-License-Identifier: Apache-2.0
"""Payloads as ``json/plain``, like the SDK's default, through a faster JSON library."""

from __future__ import annotations

from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
    value_to_type,
)

from ..activities.encoding import dumps, loads


class FastJSONPayloadConverter(JSONPlainPayloadConverter):
    """Reads and writes what the SDK's converter does; objects keep the order of their keys."""

    def to_payload(self, value: Any) -> Payload | None:
        """The payload of a JSON value or a dataclass."""
        return Payload(metadata={"encoding": self.encoding.encode()}, data=dumps(value))

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value, as ``type_hint`` when one is given.

        Raises ``RuntimeError`` for a payload that is no JSON or nested too deeply, as the SDK's converter does.
        """
        try:
            value = loads(payload.data)
        except ValueError as error:
            raise RuntimeError(f"the payload is no JSON: {error}") from error
        except RecursionError as error:
            raise RuntimeError("the payload is nested too deeply") from error
        return value_to_type(type_hint, value) if type_hint else value


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
