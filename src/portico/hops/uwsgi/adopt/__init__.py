"""What becomes of each option of a hand-written uWSGI configuration: pure, options in, the ledger's entries out."""
