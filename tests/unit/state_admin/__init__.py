"""Test `provisioner/operations/state_admin`."""
