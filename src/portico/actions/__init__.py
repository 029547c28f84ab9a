"""Composition: the only place where hops, seams and system meet."""
