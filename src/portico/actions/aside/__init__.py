"""A stack that runs aside for a while, of the files and processes of `portico up`: nothing of it is left afterwards."""
