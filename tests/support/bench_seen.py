"""What `portico bench` saw of a page, for tests of what it makes of that."""

from __future__ import annotations

from portico.actions.bench.seen import Figures, Spread

#: 4 threads on 2 cores that are full; 300 of 450 us are the application's.
FULL = Figures(
    statuses={200: 8000},
    lost={},
    per_s=Spread(4000, 3900, 4100),
    p50_ms=2.0,
    p90_ms=4.0,
    p99_ms=9.0,
    cpu_us={"nginx": 100.0, "uwsgi workers": 350.0},
    total_us=Spread(450, 440, 460),
    floor_us=Spread(300, 290, 310),
    floor_wall_us=305.0,
    floor_waits_us=2.0,
    floor_statuses=(200,),
    by_app=1.0,
    others=0,
    queue=4,
    busy=3.9,
    slots=4,
    worker=0.7,
    processes=2,
    machine=0.99,
    client=0.15,
)
