"""Test `provisioner/operations/one_off`."""
