"""hop nginx: the front of the stack."""
