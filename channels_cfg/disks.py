"""Disks that files are written to."""

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def is_disk_full(failure: BaseException) -> bool:
    """Whether there was no room for a file, or for the rest of it."""
    return isinstance(failure, OSError) and failure.errno in _FULL
