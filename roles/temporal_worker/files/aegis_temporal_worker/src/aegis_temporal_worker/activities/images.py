# SPDX-License-Identifier: Apache-2.0
"""The activity that generates images into a volume of the run (contract 1.2, D1.1, D3.2)."""

from __future__ import annotations

from typing import Final

from temporalio import activity

from ..interpreter.requests import ImageCall, ImageResult
from ..runtime.client import RuntimeClient
from ..runtime.errors import RuntimeCallError
from ..runtime.proto import aegis_runtime_pb2 as pb
from . import names
from .errors import out_of_time
from .messages import ImageInput
from .once import at_most_once, request_of
from .preparing import prepare
from .publisher import EventPublisher

_METHOD: Final = "RunImageGenerate"
# For a state without a limit of its own: the reference's limit for every activity.
_DEFAULT_SECONDS: Final = 600
# For the answer to arrive.
_MARGIN_SECONDS: Final = 60


class ImageActivities:
    """Images."""

    def __init__(self, runtime: RuntimeClient, publisher: EventPublisher) -> None:
        self._runtime = runtime
        self._publisher = publisher

    @activity.defn(name=names.IMAGE)
    async def generate(self, asked: ImageInput) -> ImageResult:
        """Deliver the waiting events, then generate. An answer with a ``sentence`` is a result too.

        Raises what ``at_most_once`` raises, and a final ``ApplicationError`` when no answer came in time.
        """
        call = asked.image
        request = request_of(
            pb.RunImageGenerateRequest,
            workflow_execution_id=call.workflow_execution_id,
            prompt=call.prompt,
            alias=call.alias,
            size=call.size,
            count=call.count,
            path=call.path,
        )
        preparation = prepare(self._runtime, self._publisher, asked, _METHOD)
        return await at_most_once("The image generation", preparation, lambda: self._run(request, asked))

    async def _run(self, request: pb.RunImageGenerateRequest, asked: ImageInput) -> ImageResult:
        seconds = deadline(asked.image)
        try:
            response = await self._runtime.run_image_generate(request, tenant_id=asked.run.tenant_id, deadline=seconds)
        except RuntimeCallError as error:
            if error.timed_out:
                raise out_of_time("The image generation", seconds, error) from None
            raise
        files = [
            {
                "volume_id": file.volume_id,
                "path": file.path,
                "content_type": file.content_type,
                "size_bytes": file.size_bytes,
            }
            for file in response.files
        ]
        return ImageResult(files, response.sentence if response.HasField("sentence") else None)


def deadline(call: ImageCall) -> int:
    """Seconds that the call may take."""
    return (call.limit_seconds or _DEFAULT_SECONDS) + _MARGIN_SECONDS
