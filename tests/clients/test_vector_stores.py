"""LangChain and LlamaIndex keep vectors, documents and messages in the local Rockset.

The embeddings are made up, so that a text is as far from another as can be said in advance.
"""

import math

import pytest
from conftest import ready
from langchain_community.chat_message_histories.rocksetdb import RocksetChatMessageHistory
from langchain_community.document_loaders.rocksetdb import ColumnNotFoundError, RocksetLoader
from langchain_community.vectorstores.rocksetdb import Rockset
from langchain_core.embeddings import Embeddings
from llama_index.core.schema import NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.core.vector_stores import ExactMatchFilter, MetadataFilters, VectorStoreQuery
from llama_index.vector_stores.rocksetdb import RocksetVectorStore
from rockset.models import FieldMappingQuery, QueryRequestSql

Distance = Rockset.DistanceFunction


class Counts(Embeddings):
    """How often a text has each of the letters `a`, `b` and `c`."""

    def embed_query(self, text):
        return [float(text.count(letter)) for letter in "abc"]

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


@pytest.fixture
def collection(queries, name):
    """A collection that takes vectors of three numbers, and nothing else, as embeddings."""
    sql = "SELECT *, VECTOR_ENFORCE(e, 3, 'float') AS e FROM _input"
    with ready(queries, name, field_mapping_query=FieldMappingQuery(sql=sql)):
        yield name


@pytest.fixture
def store(queries, collection):
    """LangChain's store, with four texts."""
    store = Rockset(queries, Counts(), collection, "text", "e")
    metadatas = [{"n": n, "parity": ["even", "odd"][n % 2]} for n in range(4)]
    assert store.add_texts(["a", "ab", "bbb", "c"], metadatas, ids=list("wxyz")) == list("wxyz")
    return store


def texts(documents):
    return [document.page_content for document in documents]


def test_similar_texts_are_found(store):
    found = store.similarity_search("aab", k=2)
    assert texts(found) == ["ab", "a"]
    assert found[0].metadata == {"n": 1, "parity": "odd"}
    assert texts(store.similarity_search_by_vector([0.0, 0.0, 2.0], k=1)) == ["c"]
    assert texts(store.similarity_search("aab", k=4, where_str="parity = 'even'")) == ["a", "bbb"]


@pytest.mark.parametrize(
    "distance, nearest",
    [
        (Distance.COSINE_SIM, [("ab", 3 / math.sqrt(10)), ("a", 2 / math.sqrt(5))]),
        (Distance.DOT_PRODUCT, [("ab", 3.0), ("bbb", 3.0)]),
        (Distance.EUCLIDEAN_DIST, [("ab", 1.0), ("a", math.sqrt(2))]),
    ],
)
def test_texts_have_a_score(store, distance, nearest):
    found = store.similarity_search_with_relevance_scores("aab", k=2, distance_func=distance)
    scores = sorted((document.page_content, score) for document, score in found)
    assert scores == [(text, pytest.approx(score)) for text, score in sorted(nearest)]


def test_relevant_texts_are_not_all_alike(store):
    store.add_texts(["aabb"])
    assert texts(store.similarity_search("aab", k=2)) == ["ab", "aabb"]
    found = store.max_marginal_relevance_search("aab", k=2, fetch_k=5, lambda_mult=0.1)
    assert texts(found) == ["ab", "c"]
    assert "e" not in found[0].metadata


def test_texts_are_deleted(store):
    assert store.delete(["w", "y"])
    assert texts(store.similarity_search("aab", k=4)) == ["ab", "c"]


def test_a_store_is_made_of_texts(queries, collection):
    many = [f"a{n}" for n in range(70)]
    store = Rockset.from_texts(
        many, Counts(), client=queries, collection_name=collection, text_key="t", embedding_key="e"
    )
    assert sorted(texts(store.similarity_search("a", k=100))) == sorted(many)


def test_what_is_no_vector_is_not_stored(queries, collection):
    for wrong in [1.0, 2.0], "text", [1.0, 2.0, "x"]:
        queries.Documents.add_documents(collection=collection, data=[{"e": wrong, "text": "t"}])
    stored = queries.sql(f"SELECT COUNT(*) n FROM {collection} WHERE e IS NOT NULL").results
    assert stored == [{"n": 0}]


def test_rows_become_documents(queries, store, collection):
    query = QueryRequestSql(query=f"SELECT text, n, parity FROM {collection} ORDER BY n LIMIT 2")
    loaded = RocksetLoader(queries, query, ["text", "parity"], metadata_keys=["n"]).load()
    assert texts(loaded) == ["a\neven", "ab\nodd"]
    assert [document.metadata for document in loaded] == [{"n": 0}, {"n": 1}]
    with pytest.raises(ColumnNotFoundError):
        RocksetLoader(queries, query, ["missing"]).load()


def test_a_chat_is_remembered(queries, name, monkeypatch):
    monkeypatch.setattr(RocksetChatMessageHistory, "ADD_TIMEOUT_MS", 60_000)
    history = RocksetChatMessageHistory("s", queries, name, sync=True)
    assert history.messages == []
    history.add_user_message("hi")
    history.add_ai_message("hello")
    again = RocksetChatMessageHistory("s", queries, name)
    said = [(message.type, message.content) for message in again.messages]
    assert said == [("human", "hi"), ("ai", "hello")]
    assert RocksetChatMessageHistory("another", queries, name).messages == []
    history.clear()
    assert again.messages == []
    queries.Collections.delete(collection=name)


def node(number, kind, embedding):
    source = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id=f"document {number}")}
    metadata = {"kind": kind}
    return TextNode(
        id_=f"n{number}", text="text", metadata=metadata, embedding=embedding, relationships=source
    )


@pytest.mark.parametrize("dimensions", [None, 2])
def test_an_index_keeps_nodes(queries, name, dimensions):
    store = RocksetVectorStore.with_new_collection(
        collection=name, client=queries, dimensions=dimensions
    )
    nodes = [
        node(0, "fruit", [1.0, 0.0]),
        node(1, "fruit", [1.0, 1.0]),
        node(2, "root", [0.0, 1.0]),
    ]
    assert store.add(nodes) == ["n0", "n1", "n2"]

    def found(**more):
        return store.query(VectorStoreQuery(query_embedding=[1.0, 0.0], **more))

    nearest = found(similarity_top_k=2)
    assert (nearest.ids, nearest.similarities) == (["n0", "n1"], [1.0, pytest.approx(0.5**0.5)])
    assert nearest.nodes[0].text == "text" and nearest.nodes[0].metadata == {"kind": "fruit"}
    roots = MetadataFilters(filters=[ExactMatchFilter(key="kind", value="root")])
    assert found(similarity_top_k=3, filters=roots).ids == ["n2"]
    assert found(similarity_top_k=3, node_ids=["n1", "n2"]).ids == ["n1", "n2"]
    store.delete("document 0")
    assert found(similarity_top_k=3).ids == ["n1", "n2"]
    queries.Collections.delete(collection=name)
