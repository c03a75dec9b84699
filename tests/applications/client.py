"""A client of the local Rockset in a few lines: collections, documents, queries."""

import json
import time
import urllib.error
import urllib.request

BATCH = 2000


class Failed(Exception):
    """What the server answered in place of a result."""


class Client:
    """Talks to the server at an address."""

    def __init__(self, url, key="any"):
        self.base = f"{url.rstrip('/')}/v1/orgs/self/"
        self.headers = {"Authorization": f"ApiKey {key}", "Content-Type": "application/json"}

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, self.headers)
        try:
            with urllib.request.urlopen(request, timeout=150) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failed(f"{error.code}: {json.load(error)['message']}") from None

    def create(self, workspace, collection):
        """Creates a collection, and its workspace where there is none."""
        if workspace not in {found["name"] for found in self.ask("ws")["data"]}:
            self.ask("ws", {"name": workspace})
        self.ask(f"ws/{workspace}/collections", {"name": collection})
        while self.ask(f"ws/{workspace}/collections/{collection}")["data"]["status"] != "READY":
            time.sleep(0.05)

    def load(self, workspace, collection, documents):
        """Creates a collection and adds documents, each of which must be taken."""
        self.create(workspace, collection)
        for at in range(0, len(documents), BATCH):
            body = {"data": documents[at : at + BATCH]}
            answer = self.ask(f"ws/{workspace}/collections/{collection}/docs", body)
            refused = [status for status in answer["data"] if status["status"] != "ADDED"]
            if refused:
                raise Failed(f"{workspace}.{collection}: {refused[0]}")

    def query(self, text, parameters=()):
        """The rows of a query. Parameters are `{"name", "type", "value"}`."""
        sql = {"query": text, "parameters": list(parameters)}
        return self.ask("queries", {"sql": sql})["results"]
