"""The partition of each Region, by both lists of botocore's."""

from __future__ import annotations

from provisioner.aws.service_models import without_settings
from provisioner.permissions.arns import partition_of


def test_both_lists_have_the_same_partition_of_each_region() -> None:
    session = without_settings()
    for partition in session.get_available_partitions():
        for region in session.get_available_regions("ec2", partition):
            assert partition_of(region) == session.get_partition_for_region(region) == partition
