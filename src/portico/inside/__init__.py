"""Standard-library-only scripts that run in the *user's* Python."""
