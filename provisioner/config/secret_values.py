"""Guess whether a variable is a secret, from its name or the form of its value: the only place for this rule.

The guess serves to warn and to hide values. Values that must never be shown are protected without it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Literal

Why = Literal["", "name", "form"]

_ALONE = frozenset({"KEY", "PASS", "PWD", "DSN", "CREDENTIAL", "CREDENTIALS", "PASSPHRASE", "SALT"})
_ENDS = ("PASSWORD", "PASSWD", "SECRET", "SECRETS", "TOKEN", "APIKEY", "ACCESSKEY", "SECRETKEY", "PRIVATEKEY")
"""Words in the name of a secret: as a whole word (`_ALONE`), or as the end of a word (`_ENDS`)."""
_ABOUT = frozenset(
    {
        *("ALGORITHM", "ARN", "COUNT", "DIR", "ENABLED", "ENDPOINT", "EXPIRES", "EXPIRY", "FIELD", "FILE", "FORMAT"),
        *("HEADER", "HOST", "ID", "LENGTH", "LIFETIME", "LIMIT", "MAX", "MIN", "NAME", "PATH", "POLICY", "PREFIX"),
        *("REGION", "ROTATION", "SECONDS", "SIZE", "SUFFIX", "TIMEOUT", "TTL", "TYPE", "URI", "URL", "VERSION"),
    }
)
"""Last words of a name that describes a secret but is no secret: `TOKEN_TTL`, `DB_PASSWORD_FILE`."""
_PUBLIC = frozenset({"PUBLIC", "PUBLISHABLE", "PRIMARY", "FOREIGN", "SORT", "PARTITION"})
"""Words of a name in which `KEY` is no secret."""
_NAMED_AFTER_CONTENT = frozenset(
    {"SHA", "SHA1", "SHA256", "COMMIT", "REVISION", "DIGEST", "HASH", "CHECKSUM", "ETAG", "BUILD", "UUID", "ID"}
)
"""Last words of a name whose value looks random but is no secret."""

_FORMS = (
    r"-----BEGIN (?!CERTIFICATE|PUBLIC KEY)",
    r"(?<![\w])(sk|rk)_(live|test)_\w{8}|(?<![\w])whsec_\w{8}",  # Stripe
    r"(?<![\w-])sk-[\w-]{20}",  # OpenAI, Anthropic
    r"(?<![\w])gh[pousr]_\w{16}|(?<![\w])github_pat_\w{16}|(?<![\w])glpat-[\w-]{16}",
    r"(?<![\w])xox[abeoprs]-[\w-]{8}|hooks\.slack\.com/services/\w",
    r"(?<![A-Z0-9])A(KI|SI)A[A-Z2-7]{16}(?![A-Z0-9])",  # access keys of AWS
    r"(?<![\w])AIza[\w-]{35}|(?<![\w])ya29\.[\w-]{8}",  # Google
    r"(?<![\w])SG\.[\w-]{16,}\.[\w-]{16}|(?<![\w])key-[0-9a-f]{32}",  # SendGrid, Mailgun
    r"(?<![\w])(npm_\w{36}|pypi-[\w-]{16}|dop_v1_\w{16}|shpat_\w{16}|hf_\w{30}|hv[sb]\.\w{16}|dckr_pat_[\w-]{16})",
    r"(?<![\w])eyJ[\w-]{8,}\.[\w-]{8,}",  # JSON Web Tokens
    r"(?i)^(bearer|basic) \S{8}",
    r"(?i)[a-z][a-z0-9+.-]*://([^/\s@?#]*:[^/\s@]+|[^/\s@?#:]{16,})@",  # a URL with a password, or a key as its user
    r"(?i)\b(password|passwd|pwd|secret|(access_?)?token|sig(nature)?|api_?key|(account|sharedaccess)key)=[^\s&;]{4}",
    r'"private_key"\s*:',
)
_RANDOM = 20
"""The fewest letters and digits of a random value that may be a key."""
_OFF = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1"})


def looks_secret(name: str, value: str) -> Why:
    """Return the reason why a variable looks like a secret: its `name`, the `form` of its value, or empty."""
    if value.strip().lower() in _OFF:
        return ""
    if any(re.search(form, value) for form in _FORMS):
        return "form"
    words = _words(name)
    if _secret_name(words) and not _reference(value):
        return "name"
    return "form" if _random(value) and not (words and words[-1] in _NAMED_AFTER_CONTENT) else ""


def _words(name: str) -> list[str]:
    """Return the words of a name in capitals: `stripeKey`, `STRIPE_KEY` and `stripe-key` have the same words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word.upper() for word in re.split(r"[^A-Za-z0-9]+", apart) if word]


def _secret_name(words: list[str]) -> bool:
    if not words or words[-1] in _ABOUT or ("KEY" in words and _PUBLIC.intersection(words)):
        return False
    return any(word in _ALONE or word.endswith(_ENDS) for word in words)


def _reference(value: str) -> bool:
    """Return whether a value is the place of a secret: an ARN, or the path of a file."""
    return bool(re.match(r"arn:aws[\w-]*:", value) or re.fullmatch(r"/[\w./-]+\.\w{2,4}|/run/secrets/[\w.-]+", value))


def _random(value: str) -> bool:
    """Return whether a value looks random: long, with frequent changes between capitals, small letters and digits."""
    if not re.fullmatch(r"[A-Za-z0-9+/=_-]+", value) or re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4,12}){4}", value):
        return False
    if re.fullmatch(r"[0-9a-f]{32,}|[0-9A-F]{32,}", value):
        return len(set(value)) > 8
    plain = re.sub(r"[^A-Za-z0-9]", "", value)
    if len(value) == 40 and re.search(r"[/+]", value) and re.search(r"\d", value) and not value.islower():
        return True  # as long as AWS's secret access keys
    kinds = ["d" if c.isdigit() else "u" if c.isupper() else "l" for c in plain]
    changes = sum(a != b for a, b in pairwise(kinds))
    return len(plain) >= _RANDOM and "d" in kinds and changes >= 0.45 * len(plain)
