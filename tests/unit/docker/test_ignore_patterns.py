"""Compare ignore files with the reading of docker's SDK."""

from __future__ import annotations

import re

from docker.utils.build import Pattern
from docker.utils.fnmatch import translate
from hypothesis import assume, given
from hypothesis import strategies as st

from provisioner.docker import ignore_patterns


@given(st.text("ab/*?[]!^-.\\ A", max_size=9))
def test_a_pattern_is_read_as_dockers_sdk_reads_it(line: str) -> None:
    theirs = Pattern(line)
    expression = translate(theirs.cleaned_pattern.lower())
    try:
        re.compile(expression)
    except re.error:
        assume(False)
    ours = ignore_patterns.read(line)
    assert (ours.exclusion, list(ours.dirs), ours.expression.pattern) == (theirs.exclusion, theirs.dirs, expression)
