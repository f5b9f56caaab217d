"""The catalogue of refusals: each case is unique, and its source has the quoted text."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import botocore.session
import pytest

from tests.cloud.refusals import CASES
from tests.cloud.refusals.case import ERRORS, TEXT, Case
from tests.cloud.refusals.document import PAGE, catalogue, page


@cache
def model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def errors(case: Case) -> set[str]:
    shapes = model(case.service).operation_model(case.operation).error_shapes
    return {(shape.metadata.get("error") or {}).get("code", shape.name) for shape in shapes}


def test_every_case_is_there_once() -> None:
    assert [text for text, count in Counter(map(str, CASES)).items() if count > 1] == []
    assert len(CASES) >= 600


@pytest.mark.parametrize("service", sorted({case.service for case in CASES}))
def test_operations_errors_and_parameters_exist_in_the_api(service: str) -> None:
    for case in [case for case in CASES if case.service == service]:
        operation = model(service).operation_model(case.operation)
        if case.source == ERRORS:
            assert case.code in errors(case), f"{case}: not among {errors(case)}"
        elif not case.source.startswith(("https://", TEXT)):
            pytest.fail(f"{case}: {case.source}")
        elif case.source.startswith(f"{TEXT}, "):
            assert case.source.removeprefix(f"{TEXT}, ") in operation.input_shape.members, f"{case}: {case.source}"


def test_documentation_counts_them_and_the_catalogue_lists_all() -> None:
    text = PAGE.read_text()
    assert page(text) == text, "run: make refusals"
    rows = [line for line in catalogue().splitlines() if line.startswith("| ") and not line.startswith("| operation")]
    assert len(rows) == len(CASES) > 700
