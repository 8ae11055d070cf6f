"""Who spoke, without saying who: keyed pseudonyms."""

from __future__ import annotations

import unicodedata
from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b

SIZE = 12
"""Bytes of a pseudonym: 96 bits, 16 url-safe characters. A collision among a billion authors has odds of 1 in 10¹¹."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Pseudonyms:
    """Authors → pseudonyms by keyed BLAKE2b (RFC 7693): the same author has the same one, and only the key's
    holder could test a guess.
    """

    def __init__(self, key: bytes) -> None:
        """Takes the secret key, the same on every worker.

        Raises:
            ValueError: The key is empty: anyone could then test guesses.
        """
        if not key:
            raise ValueError("the pseudonym key is empty: set GROUNDSWELL_PSEUDONYM_KEY to a long random secret")
        # BLAKE2b takes keys up to 64 bytes; a longer one is hashed first, as HMAC does.
        key = key if len(key) <= 64 else blake2b(key).digest()
        self._keyed = blake2b(key=key, digest_size=SIZE, person=b"groundswell")
        self.of = lru_cache(maxsize=65_536)(self._of)

    def _of(self, author: str, namespace: str = "") -> str:
        """The author's pseudonym: 16 characters of the url-safe base64 alphabet.

        Case and a leading ``@`` make no difference. Without a namespace an author is one voice over all channels; with
        one (a network's name), the same name elsewhere is somebody else.
        """
        folded = unicodedata.normalize("NFC", author).casefold().strip().removeprefix("@")
        said = f"{namespace.casefold()}\x1f{folded}" if namespace else folded
        digest = self._keyed.copy()
        digest.update(said.encode("utf-8", "surrogatepass"))
        return b2a_base64(digest.digest(), newline=False).translate(_URL_SAFE).decode("ascii")
