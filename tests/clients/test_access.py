"""The official Python client manages users, roles and API keys of the local Rockset."""

import os

import pytest
from conftest import connect, problem
from rockset.exceptions import ForbiddenException, NotFoundException, UnauthorizedException
from rockset.models import Privilege


def test_a_user_lives_and_dies(rs, name):
    email = f"{name}@example.com"
    made = rs.Users.create(email=email, roles=["read-only"]).data
    assert (made.email, made.roles, made.state) == (email, ["read-only"], "NEW")
    assert rs.Users.get(user=email) == made
    assert rs.Users.update(user=email, roles=["member"]).roles == ["member"]
    assert {"local@localhost", email} <= {user.email for user in rs.Users.list().data}
    assert rs.Users.get_current_user().email == "local@localhost"
    assert rs.Users.list_unsubscribe_preferences().data == []
    assert rs.Users.delete(user=email).data.email == email
    with pytest.raises(NotFoundException) as raised:
        rs.Users.get(user=email)
    assert problem(raised) == (404, "NOTFOUND")


def test_a_role_lives_and_dies(rs, name):
    privilege = Privilege(action="QUERY_DATA_WS", resource_name="commons", cluster="*ALL*")
    made = rs.CustomRoles.create(role_name=name, description="text", privileges=[privilege]).data
    assert (made.role_name, made.description) == (name, "text")
    assert made.privileges == [privilege]
    assert made in rs.CustomRoles.list().data
    changed = rs.CustomRoles.update(
        role_name=name, privileges=[Privilege(action="LIST_ROLES_GLOBAL")]
    ).data
    assert rs.CustomRoles.get(role_name=name).data == changed
    assert changed.privileges[0].resource_name is None, "what has no value is null"
    assert rs.CustomRoles.delete(role_name=name).data == changed
    with pytest.raises(NotFoundException) as raised:
        rs.CustomRoles.get(role_name=name)
    assert problem(raised) == (404, "NOTFOUND")


def test_a_key_lives_and_dies(rs, name):
    key = rs.APIKeys.create(name=name, role="read-only").data
    url = rs.Organizations.get().data.clusters[0].apiserver_url
    own = connect(url, key.key, ssl_ca_cert=os.environ["ROCKSET_CA"])
    assert own.Workspaces.list().data
    with pytest.raises(ForbiddenException) as raised:
        own.Workspaces.create(name=name)
    assert problem(raised) == (403, "FORBIDDEN")
    known = rs.APIKeys.get(user="self", name=name).data
    assert (known.key, known.state) == (key.key[:6], "ACTIVE")
    assert name in {key.name for key in rs.APIKeys.list(user="self").data}
    assert rs.APIKeys.update(user="self", name=name, state="SUSPENDED").data.state == "SUSPENDED"
    with pytest.raises(UnauthorizedException):
        own.Workspaces.list()
    assert rs.APIKeys.delete(user="self", name=name).data.name == name
