"""Flow's protocol as a runtime writes and reads it, by the tags of the protocol alone.

A message is a dict as in the JSON codec. The tables below give each of its names the tag
and the kind of its field, by which it becomes protobuf.
"""

import base64
import json
import struct
import subprocess
import threading

TEXT, JSON, BYTES = "text", "json", "bytes"
NUMBER, BOOL, FIXED = "number", "bool", "fixed"
EXISTS = {"MUST": 1, "MAY": 2}
CONNECTOR = {"IMAGE": 8}
CONSTRAINT = {"type": (2, NUMBER), "reason": (3, TEXT), "foldedField": (4, TEXT)}

PROJECTION = {
    "ptr": (1, TEXT),
    "field": (2, TEXT),
    "isPrimaryKey": (5, BOOL),
    "inference": (6, {"types": (1, [TEXT]), "exists": (8, EXISTS)}),
}
COLLECTION = {
    "name": (1, TEXT),
    "key": (3, [TEXT]),
    "uuidPtr": (4, TEXT),
    "projections": (6, [PROJECTION]),
}
BINDING = {
    "resourceConfig": (1, JSON),
    "resourcePath": (2, [TEXT]),
    "collection": (3, COLLECTION),
    "fieldSelection": (4, {"keys": (1, [TEXT]), "values": (2, [TEXT])}),
    "deltaUpdates": (5, BOOL),
    "stateKey": (13, TEXT),
}
MATERIALIZATION = {
    "name": (1, TEXT),
    "connectorType": (2, CONNECTOR),
    "config": (3, JSON),
    "bindings": (4, [BINDING]),
}
RANGE = {
    "keyBegin": (1, FIXED),
    "keyEnd": (2, FIXED),
    "rClockBegin": (3, FIXED),
    "rClockEnd": (4, FIXED),
}

REQUEST = {
    "spec": (1, {"connectorType": (1, CONNECTOR)}),
    "validate": (2, {
        "name": (1, TEXT),
        "connectorType": (2, CONNECTOR),
        "config": (3, JSON),
        "bindings": (4, [{"resourceConfig": (1, JSON), "collection": (2, COLLECTION)}]),
    }),
    "apply": (3, {"materialization": (1, MATERIALIZATION), "version": (2, TEXT)}),
    "open": (4, {
        "materialization": (1, MATERIALIZATION),
        "version": (2, TEXT),
        "range": (3, RANGE),
        "state": (4, JSON),
    }),
    "flush": (6, {}),
    "store": (7, {
        "binding": (1, NUMBER),
        "key": (2, JSON),
        "keyPacked": (3, BYTES),
        "values": (4, JSON),
        "valuesPacked": (5, BYTES),
        "exists": (7, BOOL),
    }),
    "startCommit": (8, {}),
    "acknowledge": (9, {}),
}
STATE = {"updated": (1, JSON), "mergePatch": (2, BOOL)}
RESPONSE = {
    "spec": (1, {
        "protocol": (1, NUMBER),
        "configSchema": (2, JSON),
        "resourceConfigSchema": (3, JSON),
        "documentationUrl": (4, TEXT),
    }),
    "validated": (2, {"bindings": (1, [{
        "constraints": (1, [{"key": (1, TEXT), "value": (2, CONSTRAINT)}]),
        "resourcePath": (2, [TEXT]),
        "deltaUpdates": (3, BOOL),
        "projectionConstraints": (6, [{"field": (1, TEXT), "constraint": (2, CONSTRAINT)}]),
    }])}),
    "applied": (3, {"actionDescription": (1, TEXT), "state": (2, STATE)}),
    "opened": (4, {}),
    "flushed": (6, {"state": (1, STATE)}),
    "startedCommit": (7, {"state": (1, STATE)}),
    "acknowledged": (8, {"state": (1, STATE)}),
}


def varint(number):
    """A number in groups of seven bits, the lowest first."""
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def encoded(message, table):
    """A message in protobuf."""
    out = b""
    for name, value in message.items():
        tag, kind = table[name]
        repeated = isinstance(kind, list)
        for one in value if repeated else [value]:
            out += field(tag, kind[0] if repeated else kind, one)
    return out


def field(tag, kind, value):
    if kind == FIXED:
        return varint(tag << 3 | 5) + struct.pack("<I", value)
    if kind in (NUMBER, BOOL):
        return varint(tag << 3) + varint(int(value))
    if isinstance(kind, dict) and isinstance(value, str):
        return varint(tag << 3) + varint(kind[value])
    content = {
        TEXT: lambda: value.encode(),
        JSON: lambda: json.dumps(value).encode(),
        BYTES: lambda: base64.b64decode(value),
    }.get(kind if isinstance(kind, str) else None, lambda: encoded(value, kind))()
    return varint(tag << 3 | 2) + varint(len(content)) + content


def fields(data):
    """(tag, content) of each field of a protobuf message."""
    at = 0

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        wire = key & 7
        if wire == 0:
            yield key >> 3, number()
            continue
        size = {1: 8, 5: 4}.get(wire)
        size = number() if wire == 2 else size
        assert size is not None and at + size <= len(data), f"not protobuf: {data!r}"
        yield key >> 3, data[at:at + size]
        at += size


def decoded(data, table):
    """A protobuf message as the JSON codec would have it. Other fields are passed over."""
    names = {tag: (name, kind) for name, (tag, kind) in table.items()}
    message = {}
    for tag, content in fields(data):
        if tag not in names:
            continue
        name, kind = names[tag]
        if isinstance(kind, list):
            message.setdefault(name, []).append(value_of(content, kind[0]))
        else:
            message[name] = value_of(content, kind)
    return message


def value_of(content, kind):
    if kind == TEXT:
        return content.decode()
    if kind == JSON:
        return json.loads(content)
    if kind == BOOL:
        return bool(content)
    return content if kind == NUMBER else decoded(content, kind)


def pack(values):
    """A tuple as FoundationDB encodes it; integers of up to eight bytes."""
    out = b""
    for value in values:
        if value is None:
            out += b"\x00"
        elif isinstance(value, bool):
            out += b"\x27" if value else b"\x26"
        elif isinstance(value, int):
            size = (abs(value).bit_length() + 7) // 8
            shown = value if value >= 0 else value + (1 << 8 * size) - 1
            out += bytes([0x14 + (size if value >= 0 else -size)]) + shown.to_bytes(size, "big")
        elif isinstance(value, float):
            bits = struct.unpack(">Q", struct.pack(">d", value))[0]
            bits ^= (1 << 64) - 1 if bits >> 63 else 1 << 63
            out += b"\x21" + struct.pack(">Q", bits)
        else:
            # What isn't a scalar travels as the bytes of its JSON.
            kind = b"\x02" if isinstance(value, str) else b"\x01"
            text = value if isinstance(value, str) else json.dumps(value)
            out += kind + text.encode().replace(b"\x00", b"\x00\xff") + b"\x00"
    return out


class Connector:
    """A running connector, of which a runtime holds both ends of the pipe."""

    def __init__(self, command, codec, stderr):
        self.codec = codec
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        # One that hangs is ended, which its next answer will tell.
        self.limit = threading.Timer(120, self.process.kill)
        self.limit.daemon = True
        self.limit.start()

    def send(self, **request):
        if self.codec == "json":
            frame = json.dumps(request, separators=(",", ":")).encode() + b"\n"
        else:
            message = encoded(request, REQUEST)
            frame = struct.pack("<I", len(message)) + message
        self.process.stdin.write(frame)

    def ask(self, **request):
        """Sends a request and returns the response, or None if the connector has ended."""
        try:
            self.send(**request)
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        out = self.process.stdout
        if self.codec == "json":
            line = out.readline()
            return json.loads(line) if line else None
        head = out.read(4)
        return decoded(out.read(struct.unpack("<I", head)[0]), RESPONSE) if head else None

    def end(self):
        """Closes its input. Returns what else it wrote, and its exit code."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        rest = self.process.stdout.read()
        code = self.process.wait()
        self.limit.cancel()
        return rest, code
