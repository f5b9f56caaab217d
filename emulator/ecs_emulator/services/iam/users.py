"""The calling IAM user's permissions boundary, and the organization of its account."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.serialize import url_encode
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.organizations.models import OrganizationsBackend

from ecs_emulator.authorization import enforce, policy
from ecs_emulator.patch import add, refuse, wrap
from ecs_emulator.sent_members import change_members, never
from ecs_emulator.services.iam.rules import check_boundary


def _shown(user: Any) -> dict[str, str] | None:
    """Return the boundary as GetUser shows it (API reference, User)."""
    arn = getattr(user, "permissions_boundary_arn", None)
    return arn and {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


add(User, "permissions_boundary")(property(_shown))


@add(IamResponse, "put_user_permissions_boundary")
def put_user_permissions_boundary(self: Any) -> ActionResult:
    """PutUserPermissionsBoundary: refuse a managed policy that does not exist (API reference, Errors)."""
    user, arn = self.backend.get_user(self._get_param("UserName")), self._get_param("PermissionsBoundary")
    check_boundary(self.backend, arn)
    try:
        enforce.limits(self.backend.managed_policies[arn])
    except policy.Unreadable as error:
        refuse("InvalidInput", f"The embedded cloud cannot evaluate this policy: {error}")
    user.permissions_boundary_arn = arn
    return EmptyResult()


@add(IamResponse, "delete_user_permissions_boundary")
def delete_user_permissions_boundary(self: Any) -> ActionResult:
    """Answer DeleteUserPermissionsBoundary."""
    self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = None
    return EmptyResult()


@wrap(OrganizationsBackend, "describe_organization")
def describe_organization(original: Any, self: Any) -> Any:
    """DescribeOrganization: answer every account of an organization; else AWSOrganizationsNotInUseException."""
    if not enforce.current.organization:
        return original(self)
    number = "999999999999"
    home = f"arn:aws:organizations::{number}"
    return {
        "Organization": {
            "Id": enforce.ORGANIZATION,
            "Arn": f"{home}:organization/{enforce.ORGANIZATION}",
            "FeatureSet": "ALL",
            "MasterAccountArn": f"{home}:account/{enforce.ORGANIZATION}/{number}",
            "MasterAccountId": number,
            "MasterAccountEmail": "aws@example.com",
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }
    }


# -- members -----------------------------------------------------------------------------------------------------------

NOT_LISTED = ("Description", "MaxSessionDuration", "RoleLastUsed", "Tags")

# ListInstanceProfiles and ListInstanceProfilesForRole leave out tags, and the members of roles that lists leave out
change_members(
    IamResponse,
    {
        f"{answer}.InstanceProfiles.InstanceProfile.{member}": never
        for answer in ("ListInstanceProfilesResponse", "ListInstanceProfilesForRoleResponse")
        for member in ("Tags", *(f"Roles.Role.{name}" for name in NOT_LISTED))
    },
)
# every list of IAM shows whether more entries follow
change_members(IamResponse, {"Response.IsTruncated": bool})
# documents come in the encoding of URLs (RFC 3986), here too (API reference, GetAccountAuthorizationDetails)
change_members(IamResponse, {"RoleDetailList.RoleDetail.AssumeRolePolicyDocument": url_encode})
