"""Proves that an image works: what it is configured as, what is in it, and whole sessions.

    prove.py --root FOLDER --config FILE --rockset BINARY -- COMMAND…

FOLDER has the image's files and FILE its configuration. BINARY has the local Rockset, which
sessions talk to. COMMAND runs the image on this machine's network; `{}` in it stands for
options (`--env`, `--volume`).
"""

import argparse
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from flow import Connector, pack

ROOT = Path(__file__).resolve().parents[2]
VERSION = (ROOT / "VERSION").read_text().strip()
KEY = "a-key-that-shows-nowhere"

FIELDS = {
    "id": "integer",
    "name": "string",
    "flag": "boolean",
    "note": "string",
    "price": "number",
    "tags": "array",
}
KEYS, VALUES = ["id", "name"], ["flag", "note", "price", "tags"]
ROWS = [
    ([42, "hi"], [True, 'ünï "☃" \\ \n', 0.5, [1, {"a": None}]]),
    ([-7, "ho"], [False, None, -1e100, []]),
    ([2**40, ""], [None, "", 3.25, ["x"]]),
]
LATER = ([42, "hi"], [False, "again", 1.5, [2]])
# The key packed is 15 2a 02 68 69 00, and the `_id` its base64 without padding.
KNOWN_ID = ([42, "hi"], "FSoCaGkA")


ANSWERS = {
    "spec": "spec",
    "validate": "validated",
    "apply": "applied",
    "open": "opened",
    "acknowledge": "acknowledged",
    "flush": "flushed",
    "startCommit": "startedCommit",
}


class Rockset:
    """The local Rockset, on any port."""

    def __init__(self, binary, *options):
        command = [binary, "local", "--listen", "127.0.0.1:0", "--api-key", KEY, *options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if found := re.search(r"listens on (https?://\S+:\d+)", line):
                self.url = found[1]
                return
        sys.exit("the local Rockset didn't start")

    def documents(self, collection):
        """What a collection holds, by `_id`, without what Rockset adds."""
        url = f"{self.url}/local/ws/commons/collections/{collection}/docs"
        request = urllib.request.Request(url, headers={"Authorization": f"ApiKey {KEY}"})
        # No proxy is asked for what is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            found = json.load(answer)["data"]
        added = {"_event_time", "_meta"}
        return {row["_id"]: {k: v for k, v in row.items() if k not in added} for row in found}

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Image:
    def __init__(self, command):
        self.command = command

    def start(self, codec="proto", stderr=None, volume=None, **environment):
        options = [f"--volume={volume}"] if volume else []
        environment = {"FLOW_RUNTIME_CODEC": codec, "LOG_LEVEL": "warn", **environment}
        options += [f"--env={name}={value}" for name, value in environment.items()]
        at = self.command.index("{}")
        command = [*self.command[:at], *options, *self.command[at + 1:]]
        return Connector(command, codec, stderr)


def collection():
    projections = [
        {"ptr": f"/{name}", "field": name, "isPrimaryKey": name in KEYS,
         "inference": {"types": [kind], "exists": "MUST" if name in KEYS else "MAY"}}
        for name, kind in FIELDS.items()
    ]
    return {"name": "acmeCo/things", "key": [f"/{name}" for name in KEYS],
            "uuidPtr": "/_meta/uuid", "projections": projections}


def task(url, name, **binding):
    """What Validate and a materialization have in common: one binding of commons.NAME."""
    resource = {"workspace": "commons", "collection": name}
    return {
        "name": "acmeCo/rockset",
        "connectorType": "IMAGE",
        "config": {"api_key": KEY, "region_base_url": url},
        "bindings": [{"resourceConfig": resource, "collection": collection(), **binding}],
    }


def materialization(url, name):
    return task(
        url,
        name,
        resourcePath=["commons", name],
        fieldSelection={"keys": KEYS, "values": VALUES},
        deltaUpdates=True,
        stateKey=f"commons%2F{name}.v0",
    )


def users_of(entry):
    """As whom the connector runs, as far as its processes can be seen from here."""
    users = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_bytes() == entry.encode() + b"\0":
                users.add(process.stat().st_uid)
        except OSError:
            pass  # It has ended.
    return users


def session(image, rockset, codec, entry):
    """Spec, Validate, Apply, Open and two transactions.

    Returns what was answered to Spec, and as whom the connector ran.
    """
    name = f"things_{codec}"
    connector = image.start(codec)

    def ask(**request):
        (kind, _), = request.items()
        answer = connector.ask(**request)
        assert answer is not None, f"{codec}: {kind} was not answered"
        (answered, content), = answer.items()
        assert answered == ANSWERS[kind], f"{codec}: {kind} was answered by {answer}"
        return content

    spec = ask(spec={"connectorType": "IMAGE"})
    assert spec["protocol"] == 3032023, spec
    for schema in ("configSchema", "resourceConfigSchema"):
        assert spec[schema]["type"] == "object" and spec[schema]["properties"], spec[schema]

    binding, = ask(validate=task(rockset.url, name))["bindings"]
    assert binding["resourcePath"] == ["commons", name] and binding["deltaUpdates"], binding
    assert binding.get("projectionConstraints") or binding.get("constraints"), binding

    built = {"materialization": materialization(rockset.url, name), "version": "0011223344556677"}
    assert f"commons.{name}" in ask(apply=built)["actionDescription"]
    span = {"keyBegin": 0, "keyEnd": 2**32 - 1, "rClockBegin": 0, "rClockEnd": 2**32 - 1}
    ask(open={**built, "range": span, "state": {}})
    users = users_of(entry)
    assert 0 not in users, f"{codec}: the connector runs as root"
    for rows, exists in [(ROWS, False), ([LATER], True)]:
        ask(acknowledge={})
        ask(flush={})
        for key, values in rows:
            connector.send(store=store(key, values, exists))
        ask(startCommit={})
    rest, code = connector.end()
    assert (rest, code) == (b"", 0), f"{codec}: ended with {code} after {rest!r}"

    expected = {}
    for key, values in [*ROWS, LATER]:
        _id = base64_of(pack(key)).rstrip("=")
        expected[_id] = {"_id": _id, **dict(zip(KEYS, key)), **dict(zip(VALUES, values))}
    assert expected[KNOWN_ID[1]]["id"] == KNOWN_ID[0][0]
    found = rockset.documents(name)
    assert found == expected, f"{codec}: Rockset holds\n{found}\nand not\n{expected}"
    return spec, users


def store(key, values, exists):
    packed = {"keyPacked": base64_of(pack(key)), "valuesPacked": base64_of(pack(values))}
    return {"key": key, "values": values, **packed, **({"exists": True} if exists else {})}


def base64_of(data):
    return base64.b64encode(data).decode()


def tls(image, binary):
    """HTTPS: refused while the certificate is unknown, used once it is trusted."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        authority = Path(folder) / "ca.pem"
        rockset = Rockset(binary, "--tls", "--tls-ca-file", str(authority))
        try:
            with tempfile.TemporaryFile() as stderr:
                connector = image.start(stderr=stderr)
                answer = connector.ask(validate=task(rockset.url, "things"))
                _, code = connector.end()
                stderr.seek(0)
                said = stderr.read().decode()
            assert answer is None and code == 1, (answer, code)
            assert "certificate is not trusted" in said, said
            assert KEY not in said, said

            connector = image.start(volume=f"{authority}:/ca.pem:ro", SSL_CERT_FILE="/ca.pem")
            answer = connector.ask(validate=task(rockset.url, "things"))
            assert answer is not None and "validated" in answer, answer
            assert connector.end() == (b"", 0)
        finally:
            rockset.stop()


def configuration(config, root):
    """Labels, user, entry point, and that nothing in the image could be a shell."""
    labels = config["Labels"]
    for name, value in {
        "FLOW_RUNTIME_PROTOCOL": "materialize",
        "FLOW_RUNTIME_CODEC": "proto",
        "org.opencontainers.image.title": "materialize-rockset",
        "org.opencontainers.image.licenses": "Apache-2.0 OR MIT",
        "org.opencontainers.image.version": VERSION,
    }.items():
        assert labels.get(name) == value, f"label {name} is {labels.get(name)!r}, not {value!r}"
    print("labels:", *(f"\n  {name}={value}" for name, value in sorted(labels.items())), sep="")

    user = config["User"].split(":")
    assert user[0].isdigit() and int(user[0]) != 0, f"the user is {config['User']!r}"
    print("user:", config["User"])
    assert len(config["Entrypoint"]) == 1 and not config.get("Cmd"), config
    entry = config["Entrypoint"][0]

    shells = {"sh", "bash", "dash", "ash", "ksh", "zsh", "busybox", "toybox"}
    found = [str(path) for path in root.rglob("*") if path.name in shells and not path.is_dir()]
    assert not found, f"shells: {found}"
    print("shell: none")
    assert (root / "etc/ssl/certs/ca-certificates.crt").stat().st_size > 0

    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    binary = (root / entry.lstrip("/")).stat().st_size
    print(f"size: {size / 2**20:.1f} MiB, of which the connector {binary / 2**20:.1f} MiB")
    return entry


def starting(start):
    """Median time from starting a process to its answer to Spec, in milliseconds."""
    times = []
    for _ in range(11):
        begin = time.monotonic()
        connector = start()
        assert "spec" in connector.ask(spec={})
        times.append(time.monotonic() - begin)
        assert connector.end() == (b"", 0)
    return statistics.median(times) * 1000


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--rockset", required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    image = Image(arguments.command)

    entry = configuration(json.loads(arguments.config.read_text()), arguments.root)
    rockset = Rockset(arguments.rockset)
    try:
        spec, users = session(image, rockset, "proto", entry)
        assert session(image, rockset, "json", entry)[0] == spec, "Spec differs between the codecs"
        print("sessions: Spec, Validate, Apply, Open and 2 transactions in proto and in json,",
              f"after which Rockset holds the right {len(ROWS)} documents")
        seen = ", ".join(f"uid {user}" for user in users)
        print("run by:", seen or "nobody that can be seen from here")
    finally:
        rockset.stop()
    tls(image, arguments.rockset)
    print("HTTPS: an unknown certificate is refused, one of SSL_CERT_FILE is trusted")

    print(f"start to Spec, median of 11: {starting(image.start):.0f} ms through the engine")
    if os.geteuid() == 0:
        chroot = ["chroot", "--userspec=65532:65532", str(arguments.root), entry]
        took = starting(lambda: Connector(chroot, "proto", None))
        print(f"start to Spec, median of 11: {took:.0f} ms in the image's files without an engine")


main()
