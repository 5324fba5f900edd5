"""A file in a ZIP archive that is put together from pieces, each compressed on its own: several processes make them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import IO, BinaryIO

LEVEL = 6
END = b"\x03\x00"
"""An empty last block: what the pieces leave out."""

BLOCK = 256 * 1024


@dataclass(frozen=True)
class Piece:
    """Some of a file's bytes, compressed: ``size`` and ``checksum`` are those of the bytes themselves."""

    path: Path
    size: int
    checksum: int


class PieceWriter:
    """Writes one piece, which ends at the border of a byte, so that another can follow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = self.checksum = 0
        self._out: BinaryIO = path.open("wb")
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)

    def write(self, some: bytes) -> None:
        self.size += len(some)
        self.checksum = zlib.crc32(some, self.checksum)
        self._out.write(self._deflate.compress(some))

    def close(self) -> Piece:
        with self._out as out:
            out.write(self._deflate.flush(zlib.Z_FULL_FLUSH))
        return Piece(self.path, self.size, self.checksum)


def piece_of(content: bytes, path: Path) -> Piece:
    writer = PieceWriter(path)
    writer.write(content)
    return writer.close()


def add_pieces(archive: zipfile.ZipFile, out: IO[bytes], about: zipfile.ZipInfo, pieces: Sequence[Piece]) -> None:
    """Add a file that consists of these pieces to the archive that is written to ``out``."""
    whole = zipfile.ZipInfo(about.filename, about.date_time)
    whole.external_attr = about.external_attr
    whole.file_size = sum(piece.size for piece in pieces)
    is_large = whole.file_size > zipfile.ZIP64_LIMIT
    # The archive stores the pieces as they are, and its heading is told afterwards what they make.
    with archive.open(whole, "w", force_zip64=is_large) as entry:
        for block in _blocks(pieces):
            entry.write(block)
    whole.compress_type = zipfile.ZIP_DEFLATED
    whole.file_size, whole.CRC = sum(piece.size for piece in pieces), checksum_of(pieces)
    end = out.tell()
    out.seek(whole.header_offset)
    out.write(whole.FileHeader(zip64=is_large))
    out.seek(end)


def _blocks(pieces: Iterable[Piece]) -> Iterator[bytes]:
    for piece in pieces:
        with piece.path.open("rb") as compressed:
            while block := compressed.read(BLOCK):
                yield block
    yield END


# The checksum of what consists of pieces, zlib's crc32_combine, which Python does not offer: bytes are polynomials over
# the field of two elements, the highest power last, and the checksum is what remains of their division by this one.
_DIVISOR = 0xEDB88320
_ONE = 1 << 31


def checksum_of(pieces: Iterable[Piece]) -> int:
    return reduce(lambda so_far, piece: _times(_shift(piece.size), so_far) ^ piece.checksum, pieces, 0)


def _shift(length: int) -> int:
    """What remains of the polynomial that shifts others by so many bytes."""
    result, power = _ONE, _ONE >> 8
    while length:
        if length & 1:
            result = _times(power, result)
        power = _times(power, power)
        length >>= 1
    return result


def _times(one: int, other: int) -> int:
    """What remains of the product."""
    product, bit = 0, _ONE
    while bit:
        if one & bit:
            product ^= other
        bit >>= 1
        other = other >> 1 ^ (_DIVISOR if other & 1 else 0)
    return product
