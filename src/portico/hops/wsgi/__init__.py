"""hop wsgi: the callable and the Python it runs in."""
