"""The secret that turns authors into pseudonyms, the same on every worker."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from streams.settings import Settings

FILE: Final = "pseudonym.key"
SIZE: Final = 32


class PseudonymKeyError(RuntimeError):
    """The key can't be read or made; the message says what to do."""


def path(settings: Settings) -> Path:
    """Where the key is kept when no setting gives it."""
    return settings.data.expanduser() / FILE


def load(settings: Settings) -> bytes:
    """The key: the setting's, else the file's, which is made once with 32 random bytes that only its owner can read.

    Two processes that make it at the same time agree on one.

    Raises:
        PseudonymKeyError: The file can't be read or written, or is too short to be a secret.
    """
    if settings.pseudonym_key is not None:
        return settings.pseudonym_key.get_secret_value().encode()
    file = path(settings)
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes()
    except OSError as error:
        raise PseudonymKeyError(
            f"the pseudonym key {file} can't be used: {error.strerror or error}. Make the folder writable, name "
            "another with GROUNDSWELL_DATA, or give the key itself with GROUNDSWELL_PSEUDONYM_KEY."
        ) from error
    if len(key) < SIZE:
        raise PseudonymKeyError(
            f"the pseudonym key {file} has {len(key)} bytes instead of {SIZE}. Restore it from a copy; without the "
            "same key, authors get new pseudonyms. To begin anew, delete the file."
        )
    return key


def _make(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp gives mode 0600 from the first moment on.
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=FILE)
    try:
        with os.fdopen(handle, "wb") as made:
            made.write(secrets.token_bytes(SIZE))
            made.flush()
            os.fsync(made.fileno())
        with suppress(FileExistsError):
            # A link, unlike a rename, never replaces the key that another process has made meanwhile.
            os.link(name, file)
    finally:
        Path(name).unlink(missing_ok=True)
