"""One file per verb: flags in, Result out."""
