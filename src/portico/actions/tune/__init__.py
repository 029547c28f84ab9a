"""`portico tune`: how many processes and threads this site should have, measured."""
