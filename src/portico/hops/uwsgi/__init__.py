"""hop uwsgi: the application server."""
