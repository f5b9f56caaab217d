"""What the crash tests compare: ids that AWS generates are taken out, wherever their digits stand."""

from __future__ import annotations

import string

from hypothesis import example, given
from hypothesis import strategies as st

from tests.cloud.crash.settings import settings

DIGITS_AND_CAPITALS = string.ascii_uppercase + string.digits


@given(st.text(DIGITS_AND_CAPITALS, min_size=26, max_size=26))
@example("12345678SV38BQW4YEXRQPWWEP")
@example("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_the_resource_id_of_a_database_is_taken_out(generated: str) -> None:
    assert settings({"db_instances": [{"DbiResourceId": f"db-{generated}"}]}) == {
        "db_instances": ['{"DbiResourceId": "db-*"}']
    }
