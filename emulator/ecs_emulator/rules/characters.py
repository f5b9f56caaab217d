"""Check the characters of requests: XML must allow them, because answers are XML; tags allow even fewer.

A control character in a name or a tag would make each answer that shows it malformed, so AWS cannot have stored one.
Where a service's model has a pattern, the error code of the refusal is documented (`limits`). For other services it
is not: here they answer with the code that their references give for an invalid value ("Common Errors").
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import get_service_model

_OUTSIDE_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML 1.0 does not allow: it is no Char (https://www.w3.org/TR/xml/#charsets)."""
_OF_TAGS = re.compile(r"(?:\w|[ \u00a0\u2000-\u200a\u3000.:/=+@-])*")
"""Letters, digits and spaces of all languages, and some signs (RDS API, Tag)."""
_RDS_WORDS = "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + \\ - @"
_RDS_TAG = re.compile(r"Tags\.(?:Tag|member)\.\d+\.(Key|Value)")


def in_xml(text: str) -> str:
    """Return a text with U+FFFD in the place of each character that XML does not allow."""
    return _OUTSIDE_XML.sub("\ufffd", text)


def storable(text: str) -> bool:
    """Return whether XML allows all characters of a text."""
    return _OUTSIDE_XML.search(text) is None


def good_tag(text: str) -> bool:
    """Return whether most services allow all characters of a tag's key or value (EC2 and a few others allow more)."""
    return _OF_TAGS.fullmatch(text) is not None


def fault(response: Any) -> str:
    """Return the error message for a bad character in a request to a service that answers in XML; empty if none."""
    service = response.boto3_service_name
    if get_service_model(service).metadata["protocol"] not in {"ec2", "query"}:
        return ""
    for name, values in response.querystring.items():
        for value in values:
            if service == "rds" and (part := _RDS_TAG.fullmatch(name)) and not good_tag(value):
                # cloud-custodian#2115
                return f"Tag {part[1].lower()}s {_RDS_WORDS}"
            if not storable(value):
                return (
                    f"Value ({in_xml(value)}) for parameter {in_xml(name)} is invalid. "
                    f"It has a character that XML does not have."
                )
    return ""
