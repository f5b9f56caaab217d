"""Test `provisioner/render`."""
