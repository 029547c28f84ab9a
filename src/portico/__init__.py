"""Portico: a Django or WSGI project behind a real nginx and a real uWSGI."""

__version__ = "0.1.0"
