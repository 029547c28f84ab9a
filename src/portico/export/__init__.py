"""Files for whatever runs the stack: yields Files, writes nothing."""
