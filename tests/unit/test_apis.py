"""What stands with the APIs and the types is what the tables said that it takes the place of."""

from __future__ import annotations

import provisioner.operations.account_quotas
import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.aws import errors, ownership, rate_limits, tagging
from provisioner.aws.api import api_of, apis, signed_by
from provisioner.engine.resource import all_types
from provisioner.render import text


def test_each_row_of_an_error_stands_with_its_api_in_the_same_order() -> None:
    for service in {row.service for row in errors.TABLE} - {"*"}:
        api = api_of(service)
        assert api
        assert api.transient == tuple(row for row in errors.TABLE if row.service == service)
    assert sum(len(api.transient) for api in apis().values()) + 3 == len(errors.TABLE)


def test_each_rate_stands_with_its_api_in_the_same_order() -> None:
    for service in {limit.service for limit in rate_limits.LIMITS}:
        api = signed_by(service)
        assert api
        assert api.rates == tuple(limit for limit in rate_limits.LIMITS if limit.service == service)
    assert sum(len(api.rates) for api in apis().values()) == len(rate_limits.LIMITS)


def test_each_api_with_tags_stands_in_the_table_of_their_calls() -> None:
    assert {api.service: api.tags.by for api in apis().values() if api.tags} == {
        service: calls.by for service, calls in tagging.CALLS.items()
    }


def test_each_api_is_called_what_the_table_of_names_says() -> None:
    named = {(api.signing_name or api.service): api.name for api in apis().values()}
    otherwise = {name: text.service(name) for name in named if text.service(name) != named[name]}
    assert otherwise == {"wafv2": "wafv2", "servicequotas": "servicequotas"}
    assert text.SERVICES.items() <= named.items()


def test_what_has_no_tags_of_its_own_says_so() -> None:
    assert {name for name, one in all_types().items() if not one.has_tags} == tagging.TAGLESS
    assert {name: one.arn for name, one in all_types().items() if one.arn} == {
        name: f"{sort}:{{id}}" for name, sort in tagging.RDS_TYPES.items()
    }


def test_what_is_reached_from_every_region_is_of_an_api_that_is() -> None:
    tagged = {name: api_of(one.service) for name, one in all_types().items() if tagging.taggable(one)}
    assert {name for name, api in tagged.items() if api and api.everywhere} == ownership.GLOBAL_TYPES
    assert all(one.api is api_of(one.service) for one in all_types().values())
