"""`portico explain [NAME]`: which of the three it is, and the Result."""

from __future__ import annotations

from portico.actions.explain.file import file_data
from portico.actions.explain.flow import flow
from portico.actions.explain.subject import subject
from portico.actions.options import Options
from portico.model.result import Result


def explain(options: Options, name: str = "") -> Result:
    """Without a name the flow of the project; with one a rendered file or whatever is called so. Changes nothing."""
    about = subject(options)
    if not name:
        return Result("explain", {"about": "flow", **flow(about)})
    return Result("explain", {"about": "file", **file_data(name, about)})
