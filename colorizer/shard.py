"""One share of the photos, for machines that divide a folder among themselves without talking to each other.

    shard = Shard.parse("3/100")                 # the third of a hundred
    shard.holds(PurePath("sea/1951/d.jpg"))      # the same answer on every machine and in every run

A digest of the path decides, not its place in the list: a photo that comes later moves no other photo to
another machine.
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Shard:
    """Share `number` of `count`.

    Attributes:
        number: from 1 to `count`.
        count: of shares in all.
    """

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Reads a share as the command line has it, such as "3/100".

        Raises:
            ValueError: not two whole numbers, or the first is not between 1 and the second.
        """
        match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        number, count = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= number <= count:
            raise ValueError(f"a shard is K/N with K from 1 to N, such as 3/100. Received: {text}")
        return cls(number, count)

    def holds(self, path: PurePath) -> bool:
        """Whether a photo belongs to this share.

        Args:
            path: relative to the folder that is coloured, so that it may be mounted anywhere. "é" in either
                of Unicode's spellings is one name: a Mac and a file server differ in that.
        """
        name = unicodedata.normalize("NFC", path.as_posix())
        from hashlib import blake2b  # milliseconds that the command without --shard has no use for

        # File names that are not UTF-8 reach Python as lone surrogates.
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"
