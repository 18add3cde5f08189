"""Buckets: S3 as moto serves it from this process, Google's as fake-gcs-server does.

Programs find them by what their client libraries read from the environment. fake-gcs-server is
built once for all tests of a user (`~/.cache/tamis-tests`) from the Go module proxy. Where it can
not be built a test is skipped, but fails on CI.
"""

import logging
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .machine import build_go, free_port, is_open, miss

FAKE_GCS = "1.56.1"
"""Version of fake-gcs-server."""

NO_AUTH = "--no_auth"
"""Option of pipelines that read or write a bucket of `run_gcs`."""

_PATIENCE_SECONDS = 30.0


@contextmanager
def run_s3() -> Iterator[str]:
    """The address of a new bucket of S3, `s3://…`, while the block runs."""
    import boto3
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        with environment(
            AWS_ENDPOINT_URL=f"http://{host}:{port}",
            AWS_ACCESS_KEY_ID="tests",
            AWS_SECRET_ACCESS_KEY="opens-nothing",
            AWS_DEFAULT_REGION="us-east-1",
        ):
            name = f"bucket-{uuid.uuid4().hex[:8]}"
            boto3.client("s3").create_bucket(Bucket=name)
            yield f"s3://{name}"
    finally:
        server.stop()


@contextmanager
def run_gcs() -> Iterator[str]:
    """The address of a new bucket of Google's, `gs://…`, while the block runs."""
    from google.cloud import storage  # type: ignore[attr-defined, import-untyped, unused-ignore]

    port, server = free_port(), build_go("github.com/fsouza/fake-gcs-server", FAKE_GCS)
    process = subprocess.Popen(
        [
            *(server, "-scheme", "http", "-host", "127.0.0.1", "-port", str(port)),
            *("-backend", "memory", "-public-host", f"127.0.0.1:{port}", "-log-level", "error"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not is_open(port):
            if process.poll() is not None or time.monotonic() > until:
                miss("fake-gcs-server does not answer")
            time.sleep(0.05)
        with (
            environment(
                STORAGE_EMULATOR_HOST=f"http://127.0.0.1:{port}", GOOGLE_CLOUD_PROJECT="tests"
            ),
            anonymous(),
        ):
            name = f"bucket-{uuid.uuid4().hex[:8]}"
            storage.Client.create_anonymous_client().create_bucket(name)
            yield f"gs://{name}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def anonymous() -> Iterator[None]:
    """Let Beam look for no credentials while the block runs."""
    from apache_beam.internal.gcp.auth import _Credentials
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions

    patch = pytest.MonkeyPatch()
    patch.setattr(_Credentials, "_credentials_init", True)
    FileSystems.set_options(PipelineOptions([NO_AUTH]))
    try:
        yield
    finally:
        patch.undo()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Let the environment have these variables while the block runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
