"""A session with AWS: the clients of `boto3.Session`, without the imports of its resources and transfers.

boto3 imports its resource classes and s3transfer, and with it multiprocessing, at once. Clients are botocore's, and
need none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import botocore.session
    from botocore.credentials import Credentials


class Session:
    """A botocore session, with the names that `boto3.Session` has for its parts.

    Args:
        core: the botocore session.
        region: its Region. None: the Region of the settings.
        profile: the profile of the user's settings. None: the settings' own.
        keys: the access key and its secret. None: the credentials of the settings.

    Raises:
        ProfileNotFound: the settings have no such profile.
    """

    def __init__(
        self,
        core: botocore.session.Session,
        *,
        region: str | None = None,
        profile: str | None = None,
        keys: tuple[str, str] | None = None,
    ) -> None:
        self._session: Any = core
        if profile is not None:
            self._session.set_config_variable("profile", profile)
        if keys:
            self._session.set_credentials(*keys)
        if region is not None:
            self._session.set_config_variable("region", region)
        # as boto3 does, which its user finds out here, before any call
        self._session.get_component("data_loader")
        self._session.register("creating-client-class.s3", _add_transfers)

    @property
    def region_name(self) -> Any:
        """The Region, or None if no setting names one."""
        return self._session.get_config_variable("region")

    @property
    def profile_name(self) -> str:
        """The profile of the settings."""
        return self._session.profile or "default"

    @property
    def events(self) -> Any:
        """The events of all its clients."""
        return self._session.get_component("event_emitter")

    def client(
        self, service_name: str, *, region_name: str | None = None, endpoint_url: str | None = None, config: Any = None
    ) -> Any:
        """Return a new client of a service."""
        return self._session.create_client(
            service_name, region_name=region_name, endpoint_url=endpoint_url, config=config
        )

    def get_credentials(self) -> Credentials | None:
        """Return the credentials, or None if there are none."""
        found: Credentials | None = self._session.get_credentials()
        return found

    def get_partition_for_region(self, region_name: str) -> str:
        """Return the partition of a Region."""
        return str(self._session.get_partition_for_region(region_name))

    def get_available_services(self) -> list[str]:
        """Return the services that clients can be made for."""
        return list(self._session.get_available_services())

    def get_available_partitions(self) -> list[str]:
        """Return AWS's partitions."""
        return list(self._session.get_available_partitions())

    def get_available_regions(self, service_name: str, partition_name: str = "aws") -> list[str]:
        """Return the Regions of a partition that are known to have a service."""
        return list(self._session.get_available_regions(service_name, partition_name))


def _add_transfers(**event: Any) -> None:
    """Give clients of S3 the methods that boto3 adds to them, such as `upload_file`."""
    from boto3.s3.inject import inject_s3_transfer_methods

    inject_s3_transfer_methods(**event)
