"""What the Python tests share. The script `run` starts the servers and names them."""

import enum
import json
import os
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from rockset import Configuration, RocksetClient

ROOT = Path(__file__).parents[2]


def member(url):
    """The address as the Python client takes it.

    It rewrites any host that is a plain string to HTTPS and refuses it unless it is of
    rockset.com. A member of an enumeration, as its own `Regions`, it takes as it is.
    """
    return enum.Enum("Host", {"here": url}, type=str).here


def connect(url, key=None, **settings):
    """A client of the server there."""
    key = key or os.environ["ROCKSET_API_KEY"]
    return RocksetClient(host=member(url), config=Configuration(api_key=key, **settings))


def problem(raised):
    """The status and type of an error that a client has raised."""
    body = json.loads(raised.value.body)
    assert body["message"] and body["trace_id"], body
    return raised.value.status, body["type"]


def eventually(check):
    """Waits until a check holds."""
    end = time.monotonic() + 60
    while not check():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@contextmanager
def ready(client, name, **settings):
    """Makes a collection of that name, waits until it is READY, and deletes it at the end."""
    client.Collections.create_s3_collection(name=name, **settings)
    eventually(lambda: client.Collections.get(collection=name).data.status == "READY")
    yield name
    client.Collections.delete(collection=name)


@pytest.fixture(params=["HTTP", "HTTPS"])
def rs(request):
    """A client of the server without limits, on either protocol."""
    return connect(os.environ[f"ROCKSET_{request.param}"], ssl_ca_cert=os.environ["ROCKSET_CA"])


@pytest.fixture
def queries():
    """A client of the server that runs queries."""
    return connect(os.environ["ROCKSET_QUERIES"])


@pytest.fixture
def name():
    """A name that nothing has yet."""
    return f"t{uuid.uuid4().hex}"


@pytest.fixture
def collection(rs, name):
    """The arguments that name a collection, which is READY, in a workspace of its own."""
    place = {"workspace": name, "collection": "c"}
    rs.Workspaces.create(name=name)
    rs.Collections.create_s3_collection(workspace=name, name="c")
    eventually(lambda: rs.Collections.get(**place).data.status == "READY")
    yield place
    rs.Collections.delete(**place)
    eventually(lambda: not rs.Collections.workspace_collections(workspace=name).data)
    rs.Workspaces.delete(workspace=name)


@pytest.fixture(scope="session")
def document():
    """The API document."""
    return yaml.safe_load((ROOT / "openapi/rockset.yaml").read_text())
