"""The stations on the request's way: nginx, uwsgi, wsgi, django. They return data and do nothing."""
