"""`portico adopt`: take over a deployment that somebody wrote by hand."""
