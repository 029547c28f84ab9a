"""The proof of an adoption: the old pair and the new stack side by side, asked the same."""
