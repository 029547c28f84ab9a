"""The only side effects: run a command, files, sockets, processes, clock."""
