"""Contents, packed: small ones travel with their event, large ones and screenshots go to the object store."""

import base64
import contextlib
import io
from collections.abc import Iterable

import zstandard
from nats.js.api import ObjectStoreConfig, StorageType
from nats.js.errors import NotFoundError
from nats.js.object_store import ObjectStore

from monitors_contracts.base import Id
from monitors_contracts.pages import ContentRef
from monitors_runtime.runtime import Runtime

BUCKET = "PAGE_CONTENTS"
INLINE_BYTES = 256_000


class Contents:
    """The object store of page contents and screenshots."""

    def __init__(self, runtime: Runtime, keep_days: int) -> None:
        self._runtime = runtime
        self._keep_days = keep_days
        self._bucket: ObjectStore | None = None

    async def pack(self, organization_id: Id, digest: str, text: str) -> tuple[str | None, ContentRef | None]:
        """The content as an event carries it: itself, or where it was put."""
        packed = zstandard.ZstdCompressor(level=3).compress(text.encode("utf-8", "replace"))
        if len(packed) <= INLINE_BYTES:
            return base64.b64encode(packed).decode(), None
        return None, await self.put(f"{organization_id}/{digest}", packed)

    async def put(self, name: str, data: bytes) -> ContentRef:
        """Keep these bytes under this name."""
        bucket = await self._open()
        await bucket.put(name, io.BytesIO(data))
        return ContentRef(bucket=BUCKET, name=name, size=len(data))

    async def delete(self, names: Iterable[str]) -> None:
        """Keep these no longer; what is not there is passed over."""
        bucket = await self._open()
        for name in names:
            with contextlib.suppress(NotFoundError):
                await bucket.delete(name)

    async def _open(self) -> ObjectStore:
        if self._bucket is None:
            bus = self._runtime.bus
            try:
                self._bucket = await bus.object_store(BUCKET)
            except NotFoundError:
                config = ObjectStoreConfig(
                    bucket=BUCKET,
                    description="Large page contents, and screenshots",
                    ttl=self._keep_days * 86_400,
                    storage=StorageType.FILE,
                    replicas=self._runtime.settings.nats_replicas,
                )
                self._bucket = await bus.create_object_store(BUCKET, config=config)
        return self._bucket
