"""`provision deploy`: another image for services, without anything else of the stack."""
