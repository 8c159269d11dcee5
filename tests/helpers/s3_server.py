"""An S3 server on this machine, to be read and written through the network as any bucket is.

    with s3_server() as server:
        server.create("archive")
        Storage("s3://archive").write("a.jpg", data)
        server.requests          # [("PUT", "/archive/a.jpg")]

It is moto, which answers as Amazon's does. Its address and a key are in the variables that s3fs reads.
"""

import contextlib
import logging
import re
from collections.abc import Iterator
from urllib.parse import unquote

import fsspec
import pytest
import requests
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

KEY = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",  # a cloud machine's own key
    "AWS_CONFIG_FILE": "/nonexistent",  # a developer's own
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


class S3Server(logging.Handler):
    """A running server, and the requests that it has had: method and path, with the query.

    Attributes:
        address: as AWS_ENDPOINT_URL has it.
    """

    def __init__(self, address: str):
        super().__init__()
        self.address = address
        self.requests: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a line of the server's log."""
        line = re.search(r'"(?:\x1b\[[0-9;]*m)*([A-Z]+) (\S+) HTTP', record.getMessage())
        if line:
            self.requests.append((line[1], unquote(line[2])))

    def create(self, bucket: str) -> None:
        """Makes an empty bucket."""
        fsspec.filesystem("s3").mkdir(bucket)
        self.requests.clear()

    def deny(self, yes: bool = True) -> None:
        """Accepts nobody's key, or everybody's."""
        requests.post(f"{self.address}/moto-api/reset-auth", "0" if yes else "inf", timeout=10)

    def reset(self) -> None:
        """Removes all buckets."""
        self.deny(False)
        requests.post(f"{self.address}/moto-api/reset", timeout=10)
        self.requests.clear()


@contextlib.contextmanager
def s3_server() -> Iterator[S3Server]:
    """Starts the server; meanwhile s3fs finds it."""
    log = logging.getLogger("werkzeug")
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    server = S3Server("http://{}:{}".format(*moto.get_host_and_port()))
    log.addHandler(server)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (KEY | {"AWS_ENDPOINT_URL": server.address}).items():
                patch.setenv(name, value)
            yield server
    finally:
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        log.removeHandler(server)
        log.propagate = True
        moto.stop()
