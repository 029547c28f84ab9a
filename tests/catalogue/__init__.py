"""Failures that people meet with uWSGI behind nginx, each provoked for real; the doctor must name the cause first."""
