"""The nginx part of a plan that must have one."""

from __future__ import annotations

from portico.model.plan import NginxPlan, Plan


def front(plan: Plan) -> NginxPlan:
    """Raises ValueError for a plan without nginx."""
    if plan.nginx is None:
        raise ValueError("the plan has no nginx: with front = 'none' uWSGI serves HTTP itself")
    return plan.nginx
