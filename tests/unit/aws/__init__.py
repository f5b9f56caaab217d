"""Test `provisioner/aws`."""
