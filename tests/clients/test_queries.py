"""The official Python client asks the local Rockset, in a build that runs queries."""

import datetime
import json

import pytest
from conftest import eventually, problem, ready
from rockset.exceptions import ApiException, BadRequestException
from rockset.models import AsyncQueryOptions, QueryParameter, QueryRequestSql
from rockset.query_paginator import QueryPaginator


@pytest.fixture
def asked(queries, name):
    """A client and the name of a collection that holds documents of which `n` is 0 to 24."""
    documents = [{"_id": f"{n:02}", "n": n, "text": "x" * n} for n in range(25)]
    with ready(queries, name):
        queries.Documents.add_documents(collection=name, data=documents)
        yield queries, name


def test_a_query_is_answered(asked):
    rs, name = asked
    answer = rs.sql(f"SELECT n, text FROM {name} WHERE n < 3 ORDER BY n")
    assert answer.results == [{"n": n, "text": "x" * n} for n in range(3)]
    assert answer.collections == [f"commons.{name}"]
    assert [(field.name, field.type) for field in answer.column_fields] == [("n", ""), ("text", "")]
    assert answer.status == "COMPLETED"
    assert answer.stats.elapsed_time_ms >= 0


def test_parameters_are_python_values(asked):
    rs, _ = asked
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5)
    given = {"i": 12, "f": 2.5, "b": True, "s": "it's", "t": moment, "d": moment.date()}
    answer = rs.sql("SELECT :i AS i, :f AS f, :b AS b, :s AS s, :t AS t, :d AS d", params=given)
    row = answer.results[0]
    assert {key: row[key] for key in "ifbs"} == {key: given[key] for key in "ifbs"}
    assert (row["t"], row["d"]) == (moment, moment.date())


def test_parameters_are_texts(asked):
    rs, name = asked
    parameters = [
        QueryParameter(name="least", type="int", value="22"),
        QueryParameter(name="some", type="array", value="[22, 24]"),
        QueryParameter(name="spare", type="string", value=""),
    ]
    answer = rs.Queries.query(
        sql=QueryRequestSql(
            query=f"SELECT n FROM {name} WHERE n >= :least AND ARRAY_CONTAINS(:some, n) ORDER BY n",
            parameters=parameters,
        )
    )
    assert answer.results == [{"n": 22}, {"n": 24}]


def test_rows_come_in_pages(asked):
    rs, name = asked
    first = rs.Queries.query(
        sql=QueryRequestSql(query=f"SELECT n FROM {name} ORDER BY n"), max_initial_results=10
    )
    pages = [row["n"] for page in QueryPaginator(rs, first) for row in page]
    assert pages == list(range(25))


def test_a_query_in_the_background_is_followed(asked):
    rs, name = asked
    sql = QueryRequestSql(query=f"SELECT n FROM {name} ORDER BY n")
    started = rs.Queries.query(
        sql=sql, _async=True, async_options=AsyncQueryOptions(client_timeout_ms=0)
    )
    eventually(lambda: rs.Queries.get_query(query_id=started.query_id).data.status == "COMPLETED")
    known = rs.Queries.get_query(query_id=started.query_id).data
    assert known.stats.result_set_document_count == 25
    page = rs.Queries.get_query_results(query_id=started.query_id, docs=20)
    assert (len(page.results), page.results_total_doc_count) == (20, 25)
    assert rs.Queries.cancel_query(query_id=started.query_id).data.status == "COMPLETED"
    active = [query.query_id for query in rs.Queries.list_active_queries().data]
    assert started.query_id not in active


def test_what_is_wrong_has_its_place(asked):
    rs, name = asked
    with pytest.raises(BadRequestException) as raised:
        rs.sql(f"SELECT COUT(*) FROM {name}")
    assert problem(raised) == (400, "QUERY_ERROR")
    body = json.loads(raised.value.body)
    assert (body["line"], body["column"], body["error_id"]) == (1, 8, "function_not_found")
    with pytest.raises(ApiException) as raised:
        rs.sql("SELECT :missing")
    assert problem(raised) == (400, "QUERY_ERROR")


def test_a_query_is_validated(asked):
    rs, name = asked
    found = rs.Queries.validate(sql=QueryRequestSql(query=f"SELECT n FROM {name} WHERE n = :n"))
    assert (found.collections, found.parameters) == ([f"commons.{name}"], ["n"])
