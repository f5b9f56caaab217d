"""Test `provisioner/operations/overrides`."""
