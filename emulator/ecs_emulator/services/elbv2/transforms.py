"""The transforms of listener rules, which moto does not know: changes of a request before a target gets it.

Application Load Balancer guide, "Transforms for listener rules"; ELBv2 API, RuleTransform, RewriteConfig. The words of
the refusals are by analogy.
"""

from __future__ import annotations

import re
from typing import Any

from moto.elbv2.responses import ELBV2Response

from ecs_emulator.patch import refuse, wrap
from ecs_emulator.services.elbv2.lookup import resource

_CONFIGS = {"host-header-rewrite": "HostHeaderRewriteConfig", "url-rewrite": "UrlRewriteConfig"}
_LONGEST = 1024
"""Characters of a regular expression, and of a replacement (ELBv2 API, RewriteConfig)."""
_UNSUPPORTED = re.compile(r"\(\?(=|!|<=|<!|>|P=|R|\d)|\\[1-9]|\\p\{|[*+?}]\+")
"""Lookarounds, atomic groups, references, recursion, Unicode classes and possessive quantifiers (the guide)."""


@wrap(ELBV2Response, "create_rule")
def create_rule(original: Any, self: Any) -> Any:
    """CreateRule: keep the transforms; refuse two of a type, and regular expressions that AWS does not know."""
    wanted = _checked(self._get_params().get("Transforms"))
    answer = original(self)
    for rule in answer.result["Rules"]:
        rule.transforms = wanted
    return answer


@wrap(ELBV2Response, "modify_rule")
def modify_rule(original: Any, self: Any) -> Any:
    """ModifyRule: replace the transforms, remove them with ResetTransforms, or keep them without either of the two."""
    params = self._get_params()
    reset = str(params.get("ResetTransforms", "")).lower() == "true"
    wanted = _checked(params.get("Transforms"))
    if reset and wanted:
        refuse("ValidationError", "You cannot specify both 'Transforms' and 'ResetTransforms'")
    if wanted and resource(self.elbv2_backend, params["RuleArn"]).is_default:
        refuse("OperationNotPermitted", "A default rule cannot have transforms")
    answer = original(self)
    for rule in answer.result["Rules"]:
        rule.transforms = wanted if wanted or reset else getattr(rule, "transforms", [])
    return answer


def _checked(given: Any) -> list[dict[str, Any]]:
    wanted = list(given or ())
    types = [one.get("Type") for one in wanted]
    if len({*types}) < len(types):
        refuse("ValidationError", "A rule can have at most one transform of each type")
    for one in wanted:
        if one["Type"] not in _CONFIGS or not (rewrites := one.get(_CONFIGS[one["Type"]], {}).get("Rewrites")):
            refuse("ValidationError", f"The transform of type '{one['Type']}' needs its configuration")
        for rewrite in rewrites:
            _check(rewrite["Regex"], rewrite["Replace"])
    return wanted


def _check(regex: str, replace: str) -> None:
    if max(len(regex), len(replace)) > _LONGEST:
        refuse("ValidationError", f"A rewrite cannot be longer than '{_LONGEST}' characters")
    try:
        re.compile(regex)
    except re.error:
        refuse("ValidationError", f"The regular expression '{regex}' is not valid")
    if _UNSUPPORTED.search(regex):
        refuse("ValidationError", f"The regular expression '{regex}' has a feature that is not supported")
