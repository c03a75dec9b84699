"""The official Python client drives the local Rockset."""

import asyncio
import os
import ssl
import time

import pytest
from conftest import connect, eventually, problem
from rockset.exceptions import (
    ApiException,
    BadRequestException,
    NotFoundException,
    UnauthorizedException,
)
from rockset.models import (
    AwsAccessKey,
    DeleteDocumentsRequestData,
    FieldMappingQuery,
    FieldPartition,
    PatchDocument,
    PatchOperation,
    S3Integration,
    S3SourceWrapper,
)


def test_the_organization_names_the_server(rs):
    data = rs.Organizations.get().data
    assert data.display_name and data.created_at
    assert data.clusters[0].apiserver_url == rs.api_client.configuration.host
    assert data.external_id and data.rockset_user
    assert data.sso_connection is None, "what has no value is null"


def test_a_workspace_lives_and_dies(rs, name):
    made = rs.Workspaces.create(name=name, description="text").data
    assert (made.name, made.description, made.collection_count) == (name, "text", 0)
    assert {"commons", name} <= {workspace.name for workspace in rs.Workspaces.list().data}
    assert rs.Workspaces.get(workspace=name).data == made
    with pytest.raises(BadRequestException) as raised:
        rs.Workspaces.create(name=name)
    assert problem(raised) == (409, "ALREADYEXISTS")
    assert rs.Workspaces.delete(workspace=name).data.name == name
    with pytest.raises(NotFoundException) as raised:
        rs.Workspaces.get(workspace=name)
    assert problem(raised) == (404, "NOTFOUND")


def test_a_collection_lives_and_dies(rs, name):
    place = {"collection": name, "workspace": "commons"}
    made = rs.Collections.create_s3_collection(
        name=name,
        description="text",
        retention_secs=86400,
        clustering_key=[FieldPartition(field_name="a", type="AUTO")],
        storage_compression_type="ZSTD",
    ).data
    assert made.status == "CREATED"
    assert (made.name, made.workspace, made.retention_secs) == (name, "commons", 86400)
    assert made.clustering_key[0].field_name == "a"
    assert made.sources == []
    assert made.get("field_mapping_query") is None
    eventually(lambda: rs.Collections.get(**place).data.status == "READY")

    for listed in rs.Collections.list(), rs.Collections.workspace_collections(workspace="commons"):
        assert name in {found.name for found in listed.data}
    assert rs.Collections.update(**place, description="other").data.description == "other"

    assert rs.Collections.delete(**place).data.name == place["collection"]

    def gone():
        try:
            return rs.Collections.get(**place).data.status != "DELETED"
        except NotFoundException:
            return True

    eventually(gone)
    with pytest.raises(NotFoundException) as raised:
        rs.Collections.get(**place)
    assert problem(raised) == (404, "NOTFOUND")


def test_a_workspace_that_holds_a_collection_stays(rs, collection):
    listed = rs.Collections.workspace_collections(workspace=collection["workspace"]).data
    assert [found.name for found in listed] == ["c"]
    with pytest.raises(BadRequestException) as raised:
        rs.Workspaces.delete(workspace=collection["workspace"])
    assert problem(raised) == (409, "DEPENDENTRESOURCES")


def test_documents_are_added_patched_and_deleted(rs, collection):
    def statuses(answer):
        return [document.status for document in answer.data]

    added = rs.Documents.add_documents(
        **collection, data=[{"_id": "1", "n": 1, "deep": {"a": [1.5, None, "x"]}}, {"n": 2}]
    )
    assert statuses(added) == ["ADDED", "ADDED"]
    assert added.data[0]["_id"] == "1" and added.data[1]["_id"]
    assert added.data[0].error is None and added.data[0].patch_id is None

    again = rs.Documents.add_documents(**collection, data=[{"_id": "1"}, {"_id": 2}])
    assert statuses(again) == ["REPLACED", "ERROR"]
    assert again.data[1].error.type == "INVALIDINPUT"

    operations = [
        PatchOperation(op="ADD", path="/a", value={"b": []}),
        PatchOperation(op="ADD", path="/a/b/-", value={"c": 1}),
        PatchOperation(op="MOVE", path="/d", _from="/a/b"),
        PatchOperation(op="TEST", path="/d/0", value={"c": 1}),
        PatchOperation(op="REMOVE", path="/a"),
    ]
    patched = rs.Documents.patch_documents(
        **collection,
        data=[PatchDocument(id="1", patch=operations), PatchDocument(id="none", patch=operations)],
    )
    assert statuses(patched) == ["PATCHED", "ERROR"]
    assert patched.data[1].error.type == "NOTFOUND"

    deleted = rs.Documents.delete_documents(
        **collection, data=[DeleteDocumentsRequestData(id=id) for id in ("1", "none")]
    )
    assert statuses(deleted) == ["DELETED", "DELETED"]
    assert rs.Collections.get(**collection).data.stats.doc_count == 1

    offsets = [write.last_offset for write in (added, again, patched, deleted)]
    fence = rs.Collections.get_collection_offsets(**collection, name=offsets)
    assert fence.data.passed is True


def test_an_integration_lives_and_dies(rs, name):
    key = AwsAccessKey(aws_access_key_id="id", aws_secret_access_key="s3cret")
    made = rs.Integrations.create_s3_integration(
        name=name, description="text", s3=S3Integration(aws_access_key=key)
    ).data
    assert (made.name, made.description) == (name, "text")
    assert made.s3.aws_access_key.aws_access_key_id == "id"
    assert "s3cret" not in str(made)
    assert made.kafka is None and made.collections == []
    assert name in {found.name for found in rs.Integrations.list().data}
    assert rs.Integrations.get(integration=name).data == made
    with pytest.raises(BadRequestException) as raised:
        rs.Integrations.create_s3_integration(name=name, s3=S3Integration(aws_access_key=key))
    assert problem(raised) == (409, "ALREADYEXISTS")
    assert rs.Integrations.delete(integration=name).data.name == name
    with pytest.raises(NotFoundException) as raised:
        rs.Integrations.get(integration=name)
    assert problem(raised) == (404, "NOTFOUND")


def test_calls_may_be_asynchronous(rs):
    async def both():
        return await asyncio.gather(
            rs.Workspaces.list(async_req=True), rs.Organizations.get(async_req=True)
        )

    workspaces, organization = asyncio.run(both())
    assert workspaces.data and organization.data


def test_only_the_right_key_comes_in(rs):
    configuration = rs.api_client.configuration
    stranger = connect(configuration.host, "wrong", ssl_ca_cert=configuration.ssl_ca_cert)
    with pytest.raises(UnauthorizedException) as raised:
        stranger.Organizations.get()
    assert problem(raised) == (401, "AUTHEXCEPTION")


def test_what_is_wrong_is_a_bad_request(rs, collection):
    for wrong in (
        lambda: rs.Workspaces.create(name="two words"),
        lambda: rs.Collections.get_collection_offsets(**collection, name=["nonsense"]),
        lambda: rs.Documents.add_documents(**collection, data=[{}] * 20001),
    ):
        with pytest.raises(BadRequestException) as raised:
            wrong()
        assert problem(raised) == (400, "INVALIDINPUT")
    with pytest.raises(BadRequestException) as raised:
        rs.Documents.add_documents(**collection, data=[{"a": "x" * (10 << 20)}])
    assert problem(raised) == (413, "CONTENTTOOLARGE")


def test_a_collection_is_not_written_to_before_it_is_ready(rs, name):
    rs.Collections.create_s3_collection(name=name)
    with pytest.raises(BadRequestException) as raised:
        rs.Documents.add_documents(collection=name, data=[{}])
    status, kind = problem(raised)
    assert status == 400 and kind in ("CREATING", "NOT_READY")
    rs.Collections.delete(collection=name)


def test_what_is_not_built_says_so(rs, collection):
    sql = FieldMappingQuery(sql="SELECT a FROM _input")
    for missing in (
        lambda: rs.Collections.create_s3_collection(name="x", field_mapping_query=sql),
    ):
        with pytest.raises(ApiException) as raised:
            missing()
        assert problem(raised) == (501, "NOTIMPLEMENTEDYET")


def test_schedules_are_listed(rs):
    assert rs.ScheduledLambdas.list_org_scheduled_lambdas().data == []


def test_a_source_is_taken_though_it_is_not_read(rs, name):
    public = S3SourceWrapper(bucket="b", region="us-west-2", pattern="movies/*")
    sql = FieldMappingQuery(sql="SELECT * FROM _input")
    made = rs.Collections.create_s3_collection(
        name=name, sources=[public], field_mapping_query=sql
    ).data
    assert made.sources[0].s3.bucket == "b"
    assert made.sources[0].status["state"] == "ERROR"
    assert made.field_mapping_query.sql == sql.sql
    eventually(lambda: rs.Collections.get(collection=name).data.status == "READY")
    rs.Collections.delete(collection=name)

    missing = S3SourceWrapper(integration_name="none", bucket="b")
    with pytest.raises(NotFoundException) as raised:
        rs.Collections.create_s3_collection(name=name + "x", sources=[missing])
    assert problem(raised) == (404, "NOTFOUND")


def test_at_first_there_are_no_views_aliases_and_lambdas(rs):
    assert rs.Views.list().data == []
    assert rs.Aliases.list().data == []
    assert rs.QueryLambdas.list_all_query_lambdas().data == []
    with pytest.raises(NotFoundException) as raised:
        rs.Aliases.get(alias="none", workspace="commons")
    assert problem(raised) == (404, "NOTFOUND")


def test_writes_past_the_limit_are_refused(name):
    limited = connect(os.environ["ROCKSET_LIMITED"])
    limited.Collections.create_s3_collection(name=name)
    eventually(lambda: limited.Collections.get(collection=name).data.status == "READY")
    refused = None
    end = time.monotonic() + 60
    while refused is None and time.monotonic() < end:
        try:
            limited.Documents.add_documents(collection=name, data=[{}])
        except BadRequestException as error:
            refused = error
    assert refused is not None and refused.status == 429
    assert int(refused.headers["retry-after"]) >= 1


def test_a_client_that_does_not_know_the_certificate_stays_away():
    stranger = connect(os.environ["ROCKSET_HTTPS"], retries=False)
    with pytest.raises(Exception) as raised:
        stranger.Organizations.get()
    # The client stumbles over the error of the connection, which is further down.
    cause = raised.value
    while cause and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__context__
    assert cause
