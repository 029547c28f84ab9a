"""Loads and figures as they cross to a child process and back: JSON values."""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any

from portico.model.load import Load, Measured, Request


def load_as_json(load: Load) -> dict[str, Any]:
    told = asdict(load)
    for request in told["requests"]:
        request["body"] = base64.b64encode(request["body"]).decode()
    return told


def load_from_json(told: dict[str, Any]) -> Load:
    requests = [Request(**{**one, "body": base64.b64decode(one["body"])}) for one in told["requests"]]
    return Load(**{**told, "requests": tuple(requests)})


def measured_as_json(measured: Measured) -> dict[str, Any]:
    return asdict(measured)


def measured_from_json(told: dict[str, Any]) -> Measured:
    statuses = {int(status): number for status, number in told["statuses"].items()}
    return Measured(**{**told, "statuses": statuses, "latencies_us": tuple(told["latencies_us"])})
