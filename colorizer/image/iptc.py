"""IPTC IIM: the captions that archives and agencies write, such as "Aunt Mary, June 1931".

    datasets = parse(data)                   # [(2, 120, b"Aunt Mary, June 1931"), ...]
    data = serialize(datasets)
    data = from_photoshop(block); block = to_photoshop(data)    # as JPEG and Photoshop wrap it

Only records 1 (envelope) and 2 (application) describe the photo and are kept. The others hold a picture of
their own, in any format, which is no longer true and which a decoder could be made to run as a program.
Source: IPTC-NAA Information Interchange Model 4.2, chapters 1.6 and 6.
"""

import re
from collections.abc import Iterable

Dataset = tuple[int, int, bytes]

PREVIEW = {(2, 200), (2, 201), (2, 202)}  # a small picture of the grey photo
RESOURCE = 0x0404  # of IPTC data among Photoshop's image resources
PHOTOSHOP = b"Photoshop 3.0\0"
MAX_DATASETS = 10_000


def parse(data: bytes) -> list[Dataset]:
    """The datasets of records 1 and 2 as (record, number, value); what is damaged ends the list."""
    datasets: list[Dataset] = []
    place = 0
    while data[place : place + 1] == b"\x1c" and place + 5 <= len(data) and len(datasets) < MAX_DATASETS:
        record, number = data[place + 1], data[place + 2]
        length, place = int.from_bytes(data[place + 3 : place + 5], "big"), place + 5
        if length & 0x8000:  # extended: so many bytes that tell the length
            digits = length & 0x7FFF
            length, place = int.from_bytes(data[place : place + min(digits, 8)], "big"), place + digits
        if place + length > len(data):
            break
        if record in (1, 2) and (record, number) not in PREVIEW:
            datasets.append((record, number, data[place : place + length]))
        place += length
    return datasets


def serialize(datasets: Iterable[Dataset]) -> bytes:
    """The IIM data of datasets of at most 32767 bytes each; longer ones are left out."""
    return b"".join(
        b"\x1c" + bytes((record, number)) + len(value).to_bytes(2, "big") + value
        for record, number, value in datasets
        if len(value) < 0x8000
    )


def texts(datasets: Iterable[Dataset]) -> dict[int, list[str]]:
    """The texts of record 2 by number; in UTF-8 if the envelope says so or they are, else in Windows-1252."""
    found: dict[int, list[str]] = {}
    for record, number, value in datasets:
        if record == 2:
            try:
                text = value.decode("utf-8")
            except UnicodeDecodeError:
                text = value.decode("cp1252", "replace")
            text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text).strip()  # control characters
            if text:
                found.setdefault(number, []).append(text)
    return found


def to_photoshop(data: bytes) -> bytes:
    """IIM data as a Photoshop image resource."""
    return (
        b"8BIM"
        + RESOURCE.to_bytes(2, "big")
        + b"\0\0"
        + len(data).to_bytes(4, "big")
        + data
        + b"\0" * (len(data) % 2)
    )


def from_photoshop(block: bytes) -> bytes:
    """The IIM data among Photoshop image resources, or nothing."""
    place = 0
    while block[place : place + 4] == b"8BIM" and place + 12 <= len(block):
        resource = int.from_bytes(block[place + 4 : place + 6], "big")
        name = 1 + block[place + 6]
        place += 6 + name + name % 2
        size = int.from_bytes(block[place : place + 4], "big")
        if resource == RESOURCE:
            return block[place + 4 : place + 4 + size]
        place += 4 + size + size % 2
    return b""
