"""A connector that speaks the JSON codec and writes down what it was told.

    connector.py RECORD [SCENARIO]

RECORD gets every request, one a line. SCENARIO is a JSON object that changes how
the connector answers; see `scenario.get` below.
"""
import json
import sys

record = open(sys.argv[1], "a", buffering=1)
scenario = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
open_type = {"type": "object"}


def answer(**response):
    sys.stdout.write(json.dumps(response) + "\n")
    sys.stdout.flush()


def validated(binding):
    constraints = {
        projection["field"]: {"type": "FIELD_OPTIONAL", "reason": "any field will do"}
        for projection in binding["collection"]["projections"]
    }
    constraints.update(scenario.get("constraints", {}))
    return {
        "constraints": constraints,
        "resourcePath": [binding["resourceConfig"].get("table", "table")],
        "deltaUpdates": scenario.get("deltaUpdates", True),
        "caseInsensitiveFields": scenario.get("caseInsensitiveFields", False),
    }


documents = {}
loaded = []
stored = 0
commits = 0
for line in sys.stdin:
    request = json.loads(line)
    (kind, content), = request.items()
    record.write(line)
    if kind == scenario.get("failAt"):
        sys.stderr.write("the scenario says so\n")
        sys.exit(3)
    if kind == "spec":
        answer(spec={
            "protocol": scenario.get("protocol", 3032023),
            "configSchema": scenario.get("configSchema", open_type),
            "resourceConfigSchema": scenario.get("resourceConfigSchema", open_type),
        })
    elif kind == "validate":
        answer(validated={"bindings": [validated(b) for b in content.get("bindings", [])]})
    elif kind == "apply":
        answer(applied={"actionDescription": "created the table", **scenario.get("applied", {})})
    elif kind == "open":
        answer(opened={})
    elif kind == "acknowledge":
        answer(acknowledged={})
    elif kind == "load":
        loaded.append((content.get("binding", 0), json.dumps(content["key"])))
    elif kind == "flush":
        for key in loaded:
            if key in documents:
                answer(loaded={"binding": key[0], "doc": documents[key]})
        loaded = []
        answer(flushed=scenario.get("flushed", {}))
    elif kind == "store":
        stored += 1
        if stored == scenario.get("failAtStore"):
            sys.exit(3)
        if "doc" in content:
            documents[(content.get("binding", 0), json.dumps(content["key"]))] = content["doc"]
    elif kind == "startCommit":
        states = scenario.get("commits", [])
        state = states[commits] if commits < len(states) else None
        commits += 1
        answer(startedCommit={"state": state} if state else {})
