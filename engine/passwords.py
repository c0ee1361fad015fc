"""A text with every password in it hidden: of libpq strings, of addresses, of QGIS's layer sources.
Never fails.
"""

from __future__ import annotations

import re

HIDDEN = "***"


_SECRETS = (
    re.compile(r"(password\s*=\s*)\\'.*?\\'", re.IGNORECASE),  # inside another quoted text
    re.compile(r"""(password\s*=\s*)("[^"]*"|'(?:[^'\\]|\\.)*'|(?:[^\s"'\\]|\\.)+)""", re.IGNORECASE),
    re.compile(r"(://[^/\s:@]*:)([^/\s@]+)(?=@)"),
)


def without_password(text: str) -> str:
    """Return a text with every password in it hidden: of libpq strings, of addresses, of QGIS's
    layer sources.
    """
    for secret in _SECRETS:
        text = secret.sub(lambda found: found[1] + HIDDEN, text)
    return text
