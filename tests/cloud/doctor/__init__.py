"""Test `provisioner/operations/doctor`."""
