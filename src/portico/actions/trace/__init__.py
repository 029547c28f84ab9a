"""What happened to one request, hop by hop: sent now, or found in the logs."""
