"""Plain frozen data: what every other part of Portico speaks in."""
