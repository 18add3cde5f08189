"""A folder in a bucket, `gs://bucket/store` or `s3://bucket/store`.

Beam's streams read and write. Its file systems cannot create an object only if there is none, and
make a new client, with a connection of its own, for whatever they do: a client of S3 takes 0.15 s
of CPU. So all is asked of one client for the folder, of the libraries that Beam itself uses.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import copy as copy_of
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, Self, cast

from tamis.errors import RunError, UsageError
from tamis.language import _
from tamis.stores.folder import Folder
from tamis.waiting import answer_of

_REQUESTS_AT_ONCE = 10
"""As many connections as the client libraries keep open."""

_REMOVED_AT_ONCE = 1_000
"""Objects that S3 removes by one request."""

_MISSING = frozenset(("404", "NoSuchKey", "NotFound"))

_UNREACHABLE = frozenset(("ConnectionError", "HTTPClientError", "RetryError", "TransportError"))
"""Errors of botocore, google-auth, google-cloud-storage and requests: nobody answered."""

_answered: set[str] = set()
"""Buckets that answered this process before."""


class RemoteFolder(Folder):
    """A folder in a bucket.

    Raises:
        UsageError: the URI is of another file system.
    """

    def __init__(self, uri: str) -> None:
        scheme, _separator, rest = uri.rstrip("/").partition("://")
        self.uri = f"{scheme.lower()}://{rest}"
        if not self.uri.startswith(("gs://", "s3://")):
            raise UsageError(
                _(
                    "{store}: a store must be a folder of this machine, gs://… or s3://…, where a "
                    "receipt can be written only if there is none",
                    store=self.uri,
                )
            )

    def make(self, path: str) -> None:
        pass  # a bucket has no folders

    def create(self, path: str) -> BinaryIO:
        return self._opened(path, "wb")

    def open(self, path: str) -> BinaryIO:
        return self._opened(path, "rb")

    def size(self, path: str) -> int | None:
        key = self._key(path)
        with _os_errors():
            # Of all whose name begins so, the one that has this name comes first.
            return next((each.size for each in self._bucket.list(key) if each.key == key), None)

    def publish(self, source: str, target: str) -> bool:
        with self.open(source) as stream:
            data = stream.read()
        with _os_errors():
            return self._bucket.create_if_absent(self._key(target), data)

    def place(self, sources: Mapping[str, str]) -> None:
        bucket = self._bucket

        def copy(pair: tuple[str, str]) -> None:
            target, source = pair
            with _os_errors():
                bucket.copy(self._key(source), self._key(target))

        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
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
        with _os_errors():
            self._bucket.remove([*map(self._key, self.files(path) or [path])])

    def tidy(self, path: str) -> None:
        pass  # a bucket has no folders

    def lock(self, path: str) -> AbstractContextManager[bool]:
        return nullcontext(True)

    def local(self) -> Path | None:
        return None

    def _opened(self, path: str, mode: str) -> BinaryIO:
        with _os_errors():
            stream = self._bucket.open(self._key(path), mode)
        return cast(BinaryIO, _RemoteStream(stream))

    def _times(self, path: str) -> list[tuple[str, float]]:
        """The path of each file under `path`, and when it was changed, in seconds since 1970."""
        start = len(self._key(""))
        with _os_errors():
            objects = self._bucket.list(self._key(f"{path}/" if path else ""))
            return [(each.key[start:], each.changed) for each in objects]

    def _at(self, path: str) -> str:
        return f"{self.uri}/{path}"

    def _key(self, path: str) -> str:
        """The name in its bucket of the object at `path`."""
        return self._at(path).partition("://")[2].partition("/")[2]

    @cached_property
    def _bucket(self) -> "_Bucket":
        require_answer(self.uri)
        return self._connect()

    def _connect(self) -> "_Bucket":
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.options.pipeline_options import PipelineOptions

        if FileSystems._pipeline_options is None:  # outside of a pipeline
            FileSystems.set_options(PipelineOptions([]))
        # Options of the pipeline, as the file system of Beam has them: endpoint, credentials.
        options = vars(FileSystems.get_filesystem(self.uri))
        scheme, _separator, rest = self.uri.partition("://")
        name = rest.partition("/")[0]
        if scheme == "gs":
            return _GoogleBucket(name, options["_pipeline_options"])
        return _AmazonBucket(name, options["_options"])


class _RemoteStream:
    """An object that is open; a client library may ask for it only when it is read or closed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        with _os_errors():
            self._stream.close()

    def write(self, data: Any) -> int:
        with _os_errors():
            return int(self._stream.write(data))

    def read(self, size: int = -1) -> bytes:
        with _os_errors():
            return bytes(self._stream.read(size))


def require_answer(uri: str) -> None:
    """Ask the bucket at a URI for anything, once a process: the libraries wait for minutes.

    A refusal is an answer, too: what it means is told by whoever asks for something.

    Args:
        uri: of a bucket, or of what is in one; of another file system nothing is asked.

    Raises:
        RunError: it cannot be reached, or does not answer in time.
    """
    scheme, _separator, rest = uri.partition("://")
    bucket = f"{scheme}://{rest.partition('/')[0]}"
    if scheme not in ("gs", "s3") or bucket in _answered:
        return

    def ask() -> None:
        next(RemoteFolder(bucket)._connect().list(""), None)

    try:
        answer_of(ask, bucket)
    except RunError:
        raise
    except Exception as error:
        names = {kind.__name__ for kind in type(error).__mro__}
        if names & _UNREACHABLE:
            kind = type(error).__name__
            text = _("{address}: cannot be reached ({kind})", address=bucket, kind=kind)
            raise RunError(text) from None
    _answered.add(bucket)


@contextmanager
def _os_errors() -> Iterator[None]:
    """Raise `OSError` in place of what each client library has classes of its own for."""
    try:
        yield
    except (OSError, RunError):
        raise
    except Exception as error:
        answer = getattr(error, "response", None)
        code = answer.get("Error", {}).get("Code", "") if isinstance(answer, dict) else ""
        is_missing = code in _MISSING or getattr(error, "code", None) == 404
        kind = FileNotFoundError if is_missing else OSError
        raise kind(f"S3: {code}" if code else type(error).__name__) from None


class _Object(NamedTuple):
    """An object of a bucket: its name, its size, and when it was changed, since 1970."""

    key: str
    size: int
    changed: float


class _Bucket(Protocol):
    """What is done with the objects of a bucket, by one client for several threads."""

    def open(self, key: str, mode: str) -> BinaryIO:
        """Open an object, `"rb"` or `"wb"`, as a stream of Beam's, which one thread uses."""

    def list(self, prefix: str) -> Iterator[_Object]:
        """The objects whose names begin so, in the order of their names."""

    def create_if_absent(self, key: str, data: bytes) -> bool:
        """Create an object if there is none; whether this call did.

        An answer that was lost is no other's: what stands there is compared.
        """

    def copy(self, source: str, target: str) -> None:
        """Copy an object within the bucket, in the stead of what is there."""

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; nothing for one that is not there."""


class _GoogleBucket(_Bucket):
    def __init__(self, name: str, options: Any) -> None:
        from apache_beam.io.gcp.gcsio import GcsIO, create_storage_client
        from apache_beam.options.pipeline_options import PipelineOptions

        options = options or PipelineOptions([])
        client = create_storage_client(options)
        self._bucket = client.bucket(name)
        self._io = GcsIO(client, options)

    def open(self, key: str, mode: str) -> BinaryIO:
        return cast(BinaryIO, self._io.open(f"gs://{self._bucket.name}/{key}", mode))

    def list(self, prefix: str) -> Iterator[_Object]:
        for blob in self._bucket.list_blobs(prefix=prefix):
            yield _Object(blob.name, int(blob.size), blob.updated.timestamp())

    def create_if_absent(self, key: str, data: bytes) -> bool:
        from google.api_core.exceptions import PreconditionFailed

        blob = self._bucket.blob(key)
        try:
            blob.upload_from_string(data, content_type="application/json", if_generation_match=0)
            return True
        except PreconditionFailed:
            return bool(blob.download_as_bytes() == data)

    def copy(self, source: str, target: str) -> None:
        from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped, unused-ignore]

        before, after, token = self._bucket.blob(source), self._bucket.blob(target), None
        while True:  # a large object takes several requests
            token, _done, _all = after.rewrite(before, token=token, retry=DEFAULT_RETRY)
            if token is None:
                return

    def remove(self, keys: Sequence[str]) -> None:
        from google.api_core.exceptions import NotFound
        from google.cloud.storage.retry import DEFAULT_RETRY

        def remove(key: str) -> None:
            with suppress(NotFound):
                self._bucket.delete_blob(key, retry=DEFAULT_RETRY)

        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as threads:
            for _done in threads.map(remove, keys):
                pass


class _AmazonBucket(_Bucket):
    def __init__(self, name: str, options: Any) -> None:
        from apache_beam.io.aws.clients.s3.boto3_client import Client

        self._beam_client = Client(options or {})
        self._client = self._beam_client.client
        self._name = name

    def open(self, key: str, mode: str) -> BinaryIO:
        from apache_beam.io.aws.s3io import S3IO

        # Beam's client is of one stream, as it keeps where that stands; what it asks is of all.
        stream = S3IO(copy_of(self._beam_client)).open(f"s3://{self._name}/{key}", mode)
        return cast(BinaryIO, stream)

    def list(self, prefix: str) -> Iterator[_Object]:
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._name, Prefix=prefix):
            for each in page.get("Contents", ()):
                yield _Object(each["Key"], each["Size"], each["LastModified"].timestamp())

    def create_if_absent(self, key: str, data: bytes) -> bool:
        from botocore.exceptions import ClientError

        while True:
            try:
                self._client.put_object(Bucket=self._name, Key=key, Body=data, IfNoneMatch="*")
                return True
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code == "PreconditionFailed":
                    there = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
                    return bool(there == data)
                if code != "ConditionalRequestConflict":  # another write is under way: ask again
                    raise

    def copy(self, source: str, target: str) -> None:
        from botocore.exceptions import ClientError

        there = {"Bucket": self._name, "Key": source}
        try:
            self._client.copy_object(Bucket=self._name, Key=target, CopySource=there)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "InvalidRequest":
                raise
            self._client.copy(there, self._name, target)  # over 5 GB, in pieces

    def remove(self, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _REMOVED_AT_ONCE):
            objects = [{"Key": key} for key in keys[start : start + _REMOVED_AT_ONCE]]
            answer = self._client.delete_objects(
                Bucket=self._name, Delete={"Objects": objects, "Quiet": True}
            )
            for problem in answer.get("Errors", ()):
                if problem["Code"] not in _MISSING:
                    raise OSError(f"S3: {problem['Code']}")
