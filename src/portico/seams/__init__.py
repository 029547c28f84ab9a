"""Seams: what two neighbouring hops must agree on."""
