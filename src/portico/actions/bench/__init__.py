"""`portico bench`: what a request costs on the user's own site, hop by hop, beside the floor of the application alone."""
