"""Characters that a request may have: those that XML has, as answers are XML; and in tags, those that a service takes.

A control character in a name or a tag would make each answer that shows it malformed, so AWS cannot have stored one.
With which code a service refuses it is documented where its model has a pattern (`limits`). Of the others it is not:
here they answer with the code that their references give for a value that is not valid ("Common Errors").
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import get_service_model

_OUTSIDE_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no Char of XML 1.0 (https://www.w3.org/TR/xml/#charsets)."""
_OF_TAGS = re.compile(r"(?:\w|[ \u00a0\u2000-\u200a\u3000.:/=+@-])*")
"""Letters, digits and spaces of all languages, and some signs, as RDS's reference has it of `Tag`."""
_RDS_WORDS = "may only contain unicode letters, digits, whitespace, or one of these symbols: _ . : / = + \\ - @"
_RDS_TAG = re.compile(r"Tags\.(?:Tag|member)\.\d+\.(Key|Value)")


def in_xml(text: str) -> str:
    """Return a text with a sign in the place of each character that XML has not."""
    return _OUTSIDE_XML.sub("\ufffd", text)


def storable(text: str) -> bool:
    """Whether XML has all characters of a text."""
    return _OUTSIDE_XML.search(text) is None


def good_tag(text: str) -> bool:
    """Whether a key or a value of a tag has only characters that most services take (all but EC2 and a few)."""
    return _OF_TAGS.fullmatch(text) is not None


def fault(response: Any) -> str:
    """Say what is wrong with the characters of a request to a service that answers in XML; empty if nothing is."""
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
