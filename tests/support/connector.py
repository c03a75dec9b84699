"""A connector that speaks the JSON codec and writes down what it was told.

    connector.py RECORD [SCENARIO]

RECORD gets every request, one a line. SCENARIO is a JSON object that changes how
the connector answers; see `scenario.get` below.
"""
import json
import sys
import time

# Unbuffered, so that each request is one write, whole for the other processes of the connector.
record = open(sys.argv[1], "ab", buffering=0)
scenario = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
open_type = {"type": "object"}


def answer(**response):
    sys.stdout.write(json.dumps(response) + "\n")
    sys.stdout.flush()


def validated(binding, linked):
    collection = binding.get("collection") or linked[binding.get("collectionIndex", 0)]
    constraints = {
        projection["field"]: {"type": "FIELD_OPTIONAL", "reason": "any field will do"}
        for projection in collection["projections"]
    }
    constraints.update(scenario.get("constraints", {}))
    return {
        "constraints": constraints,
        "projectionConstraints": scenario.get("projectionConstraints", []),
        "resourcePath": [binding["resourceConfig"].get(scenario.get("names", "table"), "table")],
        "deltaUpdates": scenario.get("deltaUpdates", True),
        "caseInsensitiveFields": scenario.get("caseInsensitiveFields", False),
    }


def nth(kind, answers):
    """The answer for the nth request of a kind, over all processes; {} for later ones."""
    with open(sys.argv[1], "rb") as requests:
        count = sum(line.startswith(b'{"%s":' % kind.encode()) for line in requests)
    return answers[count - 1] if count <= len(answers) else {}


documents = {}
loaded = []
stored = 0
commits = 0
for line in sys.stdin:
    request = json.loads(line)
    (kind, content), = request.items()
    record.write(line.encode())
    time.sleep(scenario.get("delays", {}).get(kind, 0))
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
        linked = content.get("linkedCollections", [])
        bindings = [validated(b, linked) for b in content.get("bindings", [])]
        answer(validated={"bindings": bindings})
    elif kind == "apply":
        # A list has an answer for each round.
        applied = nth("apply", scenario.get("applied", [{"actionDescription": "created the table"}]))
        answer(applied=applied)
    elif kind == "open":
        is_first = content.get("range", {}).get("keyBegin", 0) == 0
        answer(opened=nth("open", scenario.get("opened", [])) if is_first
               else scenario.get("openedByOthers", {}))
    elif kind == "acknowledge":
        answer(acknowledged=scenario.get("acknowledged", {}))
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
