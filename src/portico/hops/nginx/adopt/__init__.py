"""What becomes of each directive of a hand-written nginx configuration: pure, trees in, the entries of the ledger out."""
