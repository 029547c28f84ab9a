"""Faults under load: what happens to every single request while a stack is reloaded, killed, starved or cut off."""
