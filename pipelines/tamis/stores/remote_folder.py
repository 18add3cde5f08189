"""A folder in a bucket, `gs://bucket/store` or `s3://bucket/store`.

Beam's file systems read, write, copy and list. What they cannot do is to create an object only if
there is none: that is asked of the client libraries that Beam itself uses.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Self, cast

from tamis.errors import UsageError
from tamis.language import _
from tamis.stores.folder import Folder

_COPIES_AT_ONCE = 16


class RemoteFolder(Folder):
    """A folder of a file system that Beam knows. A store must be one of a bucket."""

    def __init__(self, uri: str) -> None:
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.options.pipeline_options import PipelineOptions

        self.uri = uri.rstrip("/")
        self._fs: Any = FileSystems
        if FileSystems._pipeline_options is None:
            # Outside of a pipeline; the one of S3 opens nothing without.
            FileSystems.set_options(PipelineOptions([]))

    def make(self, path: str) -> None:
        if not self.uri.startswith(("gs://", "s3://")):
            raise UsageError(
                _(
                    "{store}: a store must be a folder of this machine, gs://… or s3://…, where a "
                    "receipt can be written only if there is none",
                    store=self.uri,
                )
            )

    def create(self, path: str) -> BinaryIO:
        return self._fs.create(self._at(path), mime_type="application/octet-stream")

    def open(self, path: str) -> BinaryIO:
        from apache_beam.io.filesystem import CompressionTypes

        with _os_errors():
            stream = self._fs.open(self._at(path), compression_type=CompressionTypes.UNCOMPRESSED)
        return cast(BinaryIO, _RemoteStream(stream))

    def size(self, path: str) -> int | None:
        matches = self._fs.match([self._at(path)])[0].metadata_list
        return int(matches[0].size_in_bytes) if matches else None

    def publish(self, source: str, target: str) -> bool:
        with self.open(source) as stream:
            return create_if_absent(self._at(target), stream.read())

    def place(self, sources: Mapping[str, str]) -> None:
        def copy(pair: tuple[str, str]) -> None:
            target, source = pair
            self._fs.copy([self._at(source)], [self._at(target)])

        with ThreadPoolExecutor(_COPIES_AT_ONCE) as threads:
            for _done in threads.map(copy, sources.items()):
                pass

    def files(self, path: str) -> list[str]:
        return sorted(found for found, _time in self._times(path))

    def children(self, path: str) -> list[str]:
        start = len(path) + 1 if path else 0
        return sorted({found[start:].partition("/")[0] for found, _time in self._times(path)})

    def newest(self, path: str) -> float | None:
        return max((time for _path, time in self._times(path)), default=None)

    def remove(self, path: str) -> None:
        paths = self.files(path) or [path]
        try:
            self._fs.delete(list(map(self._at, paths)))
        except OSError:
            # Another process may have removed some of them, on which the others were left.
            for left in paths:
                if self.size(left) is None:
                    continue
                try:
                    self._fs.delete([self._at(left)])
                except OSError:
                    if self.size(left) is not None:
                        raise

    def tidy(self, path: str) -> None:
        pass  # a bucket has no folders

    def lock(self, path: str) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def local(self) -> Path | None:
        return None

    def _times(self, path: str) -> list[tuple[str, float]]:
        """The path of each file under `path`, and when it was changed, in seconds since 1970."""
        pattern = self._at(f"{path}/**" if path else "**")
        matches = self._fs.match([pattern])[0].metadata_list
        return [
            (match.path.removeprefix(self.uri + "/"), float(match.last_updated_in_seconds or 0))
            for match in matches
        ]

    def _at(self, path: str) -> str:
        return f"{self.uri}/{path}"


class _RemoteStream:
    """An object opened for reading, which a client library may ask for only when it is read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        with _os_errors():
            return bytes(self._stream.read(size))


@contextmanager
def _os_errors() -> Iterator[None]:
    """Raise `OSError` in place of what each client library has classes of its own for."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        kind = FileNotFoundError if getattr(error, "code", None) == 404 else OSError
        raise kind(type(error).__name__) from None


def create_if_absent(uri: str, data: bytes) -> bool:
    """Create an object of a bucket with `data`, if there is none; whether this call did.

    An answer that was lost is no other's: what stands there is compared.

    Raises:
        OSError: the bucket refuses it.
    """
    from apache_beam.io.filesystems import FileSystems

    scheme, _separator, rest = uri.partition("://")
    bucket, _slash, key = rest.partition("/")
    # Options of the pipeline, as the file system of Beam has them: endpoint, project, credentials.
    options = vars(FileSystems.get_filesystem(uri))
    if scheme == "gs":
        return _create_in_google(bucket, key, data, options["_pipeline_options"])
    return _create_in_amazon(bucket, key, data, options["_options"])


def _create_in_google(bucket: str, key: str, data: bytes, options: Any) -> bool:
    from apache_beam.io.gcp.gcsio import create_storage_client
    from apache_beam.options.pipeline_options import PipelineOptions
    from google.api_core.exceptions import GoogleAPIError, PreconditionFailed

    client = create_storage_client(options or PipelineOptions([]))
    blob = client.bucket(bucket).blob(key)
    try:
        blob.upload_from_string(data, content_type="application/json", if_generation_match=0)
        return True
    except PreconditionFailed:
        return bool(blob.download_as_bytes() == data)
    except GoogleAPIError as error:
        raise OSError(type(error).__name__) from None


def _create_in_amazon(bucket: str, key: str, data: bytes, options: Any) -> bool:
    from apache_beam.io.aws.clients.s3.boto3_client import Client
    from botocore.exceptions import BotoCoreError, ClientError

    client = Client(options or {}).client
    while True:
        try:
            client.put_object(Bucket=bucket, Key=key, Body=data, IfNoneMatch="*")
            return True
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == "PreconditionFailed":
                there = client.get_object(Bucket=bucket, Key=key)["Body"].read()
                return bool(there == data)
            if code != "ConditionalRequestConflict":  # another write is under way: ask again
                raise OSError(f"S3: {code}") from None
        except BotoCoreError as error:
            raise OSError(type(error).__name__) from None
