"""Measures what a cluster costs that has nothing to do."""

import time
from collections.abc import Iterator

import psycopg
import redis

from bench.processes import MemorySampler
from bench.product import Product
from bench.results import Measurement
from bench.stage import Stage


def measure(stage: Stage) -> Iterator[Measurement]:
    """Let the system alone for a while: its CPU, and what it asks of PostgreSQL and Redis meanwhile."""
    product, seconds = stage.product, stage.amounts.idle_seconds
    product.wait_for_copies()
    row = Measurement(f"idle for {seconds:.0f} s", stage.where, 0, operations=1)

    def rest() -> float:
        began_at = time.monotonic()
        time.sleep(seconds)
        return time.monotonic() - began_at

    before = _asked(product)
    with MemorySampler(product.parts) as memory:
        run = stage.run(rest)
    row.counts = {name: count - before[name] for name, count in _asked(product).items()}
    row.add(run, memory.peak_bytes)
    asked = ", ".join(f"{count} {name}" for name, count in row.counts.items())
    stage.say(f"{row.last_round()}, {asked}")
    yield row


def _asked(product: Product) -> dict[str, int]:
    """What PostgreSQL and Redis were asked until now."""
    environment = product.system.environment
    with psycopg.connect(environment["DATABASE_URL"]) as database:
        statement = (
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        transactions = database.execute(statement).fetchone()
    with redis.Redis.from_url(environment["REDIS_URL"]) as server:
        commands = server.info("stats")["total_commands_processed"]
    return {"transactions": transactions[0] if transactions else 0, "Redis commands": commands}
