"""The stacks that are compared, one file each."""
