"""The VPC, zones, listener and public zone that a stack is put into, as they are read before anything is declared."""
