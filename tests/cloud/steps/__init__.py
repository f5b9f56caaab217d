"""Test `provisioner/steps`."""
