"""The page's numbers, each with its reason: how long photos stay, and what one visitor may ask of the server.

    from colorizer.page.settings import LIMITS, SETTINGS
    SETTINGS.json_bytes

`LIMITS` are those of a photo, which the command line and Python share (`colorizer/limits.py`); the rest
concerns the server alone. "Address" is a visitor's IP address; of IPv6, the first 64 bits.
"""

import math
from dataclasses import dataclass

from colorizer.limits import Limits

LIMITS = Limits.from_environment()


@dataclass(frozen=True)
class Settings:
    """What the server keeps and accepts."""

    # How long things stay.
    keep_seconds: float = 3600  # a visitor may leave the page for lunch; after that, photos are deleted
    clean_seconds: float = 600  # between two rounds of deleting
    session_bytes: float = 2e9  # of photos in memory, all visitors together: fifty grey ones of 24 megapixels
    sessions_per_address: int = 100  # a school or a company may share one address
    gradio_sessions: int = 1000  # Gradio's own record of a session takes about 0.2 MB
    reserved_bytes: float = 1e9  # of the disk that uploads never take, so that results can be written

    # One request.
    json_bytes: int = 1_000_000  # the largest that the page sends, a batch of fifty photos, is 25 kB
    json_items: int = 20_000  # values in it: a megabyte of `[],` is half a million objects for Python
    json_bytes_at_once: int = 100_000_000  # of all addresses together, in memory while it is read
    form_bytes: int = 10_000  # name and password
    field_bytes: int = 10_000  # a text field beside uploaded files; the page sends none
    photos_per_request: float = 10  # times the limit of one file: fifty photos of 10 MB are one upload
    chunk_seconds: float = 30  # without a byte, after which a request is given up
    slowest_bytes: float = 100_000  # per second, after the first half minute: a slow phone's connection
    header_seconds: float = 10  # from the first byte of a request to the end of its headers

    # One address.
    connections: int = 1000  # of all addresses together; each needs a file descriptor
    connections_per_address: int = 100  # a browser opens six
    requests_per_second: float = 20  # for anything but the page's own scripts and styles
    request_burst: float = 400  # opening the page needs twenty
    bytes_per_request: float = 100_000  # of JSON, that count as one more request
    asset_requests_per_second: float = 200
    asset_burst: float = 2000  # opening the page needs a hundred and fifty
    uploads_at_once: int = 6
    bytes_per_hour: float = 2e9  # of uploads that one address may leave on the disk
    batches_per_address: int = 2  # running; others of the same address wait
    batches: int = 8  # running; they take turns photo by photo

    # The network, which has one photo at a time in hand.
    ready: int = 4  # photos that wait for their turn next: were it one, a batch would get every second turn

    # Passwords.
    failed_logins: int = 10  # from one address; then it waits
    login_wait_seconds: float = 900
    login_delay_seconds: float = 1  # before a wrong password is answered

    @property
    def upload_bytes(self) -> float:
        """The largest upload, all its files together."""
        return LIMITS.megabytes * 1e6 * self.photos_per_request + 1e6

    @property
    def mcp_bytes(self) -> float:
        """The largest message of a language model: a photo in base64, and some words."""
        return math.inf if math.isinf(LIMITS.megabytes) else int(LIMITS.megabytes * 1e6 * 4 / 3 + 1e5)


SETTINGS = Settings()
