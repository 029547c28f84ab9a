"""`portico config`: the plan with the origin of every value."""

from __future__ import annotations

from typing import Any

from portico.actions import state
from portico.actions.options import Options
from portico.actions.prepare import prepare
from portico.model.config import Config
from portico.model.result import Result


def config(options: Options) -> Result:
    """`result.values` lists dotted configuration names with value and origin; `result.plan` is the whole plan."""
    prepared = prepare(options)
    values = {
        key: {"value": prepared.values.get(key), "origin": origin.kind, "from": origin.detail}
        for key, origin in sorted(prepared.plan.origins.items())
    }
    data: dict[str, Any] = {
        "file": prepared.config_file or None,
        "values": values,
        "plan": state.plan_data(prepared.plan),
    }
    return Result("config", data)


def schema_result() -> Result:
    """The JSON Schema of portico.toml (https://json-schema.org/draft/2020-12)."""
    return Result("config", {"schema": Config.model_json_schema()})
