"""The option that says for how long."""

from __future__ import annotations

import math
from typing import Any

import click


class Seconds(click.FloatRange):
    """From a tenth of a second to `most`. `nan`, which is a number to Python, is in every range and would never end."""

    def __init__(self, most: float = 600) -> None:
        super().__init__(0.1, most)

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        number = super().convert(value, param, context)
        if math.isnan(number):
            self.fail(f"{value!r} is no number of seconds", param, context)
        return number
