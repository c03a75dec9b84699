"""SQLAlchemy asks the local Rockset by its dialect, and by the DB-API underneath."""

import os

import pytest
import sqlalchemy as sa
from conftest import member, ready
from rockset_sqlalchemy.sqlalchemy.types import Array
from sqlalchemy.orm import Session, declarative_base

ARGO = {"decks": ["oar", "mast"], "crew": {"captain": "Jason"}}
BEAGLE = {"decks": ["gun"], "crew": {"captain": "FitzRoy", "surgeon": "Bynoe"}}
CALYPSO = {"decks": [], "crew": None}
SHIPS = [
    {"_id": "a", "name": "Argo", "tons": 12, "spec": ARGO},
    {"_id": "b", "name": "Beagle", "tons": 235, "spec": BEAGLE},
    {"_id": "c", "name": "Calypso", "tons": 360, "spec": CALYPSO},
]


def engine(key=None):
    server, key = member(os.environ["ROCKSET_QUERIES"]), key or os.environ["ROCKSET_API_KEY"]
    return sa.create_engine("rockset://", connect_args={"api_server": server, "api_key": key})


@pytest.fixture
def ships(queries, name):
    """The class that a collection of ships is mapped to."""
    table = name

    class Ship(declarative_base()):
        __tablename__ = table
        _id = sa.Column(sa.String, primary_key=True)
        name = sa.Column(sa.String)
        tons = sa.Column(sa.Integer)
        spec = sa.Column(sa.JSON)

    with ready(queries, name):
        queries.Documents.add_documents(collection=name, data=SHIPS)
        yield Ship


@pytest.fixture
def session():
    with Session(engine()) as session:
        yield session


def test_a_collection_is_reflected(ships):
    inspector = sa.inspect(engine())
    table = ships.__tablename__
    assert "commons" in inspector.get_schema_names()
    assert table in inspector.get_table_names() and table in inspector.get_table_names("commons")
    assert inspector.has_table(table, schema="commons")
    found = {column["name"]: column["type"] for column in inspector.get_columns(table)}
    assert {name: str(kind) for name, kind in found.items()} == {
        "_id": "string",
        "_event_time": "string",
        "name": "string",
        "tons": "int",
        "spec": "object",
    }
    assert inspector.get_pk_constraint(table)["constrained_columns"] == ["_id"]
    reflected = sa.Table(table, sa.MetaData(), autoload_with=engine())
    with engine().connect() as connection:
        rows = connection.execute(sa.select(reflected.c.name).order_by(reflected.c.tons.desc()))
        assert rows.scalars().all() == ["Calypso", "Beagle", "Argo"]


def test_objects_come_from_documents(session, ships):
    heaviest = session.query(ships).order_by(ships.tons.desc()).limit(2).all()
    assert [(ship._id, ship.name) for ship in heaviest] == [("c", "Calypso"), ("b", "Beagle")]
    assert heaviest[1].spec == BEAGLE
    assert session.get(ships, "a").tons == 12
    assert session.query(ships).filter(ships.tons.between(200, 300)).one().name == "Beagle"
    assert session.query(ships).filter(ships.name.in_(["Argo", "Nautilus"])).count() == 1


def test_documents_are_grouped_and_joined(session, ships):
    light = sa.case((ships.tons < 100, "light"), else_="heavy").label("class")
    counts = session.query(light, sa.func.count(), sa.func.sum(ships.tons)).group_by(light)
    assert sorted(counts.all()) == [("heavy", 2, 595), ("light", 1, 12)]
    other = sa.orm.aliased(ships)
    pairs = session.query(ships.name, other.name).join(other, ships.tons < other.tons)
    assert sorted(pairs.all()) == [("Argo", "Beagle"), ("Argo", "Calypso"), ("Beagle", "Calypso")]


def test_fields_of_objects_are_asked_for(session, ships):
    def asked(*columns, where=None):
        query = session.query(*columns).order_by(ships._id)
        return [row[-1] for row in (query if where is None else query.where(where))]

    captain = ["crew", "captain"]
    assert asked(ships.spec["crew"]["captain"]) == ["Jason", "FitzRoy", None]
    assert asked(ships.spec[captain]) == ["Jason", "FitzRoy", None]
    assert asked(ships.name, where=ships.spec[captain] == "Jason") == ["Argo"]
    assert asked(ships.name, where=ships.spec[["crew", "surgeon"]].is_not(None)) == ["Beagle"]
    assert asked(ships.name, where=ships.spec["decks"][1] == "gun") == ["Beagle"]
    either = sa.or_(ships.spec["decks"][1] == "oar", ships.tons > 300)
    assert asked(ships.name, where=either) == ["Argo", "Calypso"]
    assert asked(ships.spec.op("#>")("decks")) == [["oar", "mast"], ["gun"], []]
    assert asked(sa.cast(ships.spec["decks"], Array)) == [["oar", "mast"], ["gun"], []]
    second = ships.spec.op("#>")("decks").op("->>")(2)
    assert asked(second, where=ships._id == "a") == ["mast"]


def test_parameters_are_python_values():
    given = {"i": 12, "f": 2.5, "b": True, "s": "it's", "n": None}
    with engine().connect() as connection:
        rows = connection.execute(sa.text("SELECT :i i, :f f, :b b, :s s, :n n"), given)
        assert dict(rows.mappings().one()) == given
        array = connection.execute(sa.text("SELECT JSON_PARSE(:l)"), {"l": [1, "x"]}).scalar()
        assert array == [1, "x"]


def test_a_cursor_gives_rows(ships):
    cursor = engine().raw_connection().cursor()
    cursor.execute(f"SELECT name, tons FROM {ships.__tablename__} ORDER BY tons")
    assert [column[:2] for column in cursor.description] == [("name", "string"), ("tons", "int")]
    assert cursor.rowcount == 3
    assert cursor.fetchone() == ("Argo", 12)
    assert cursor.fetchmany(1) == [("Beagle", 235)]
    assert cursor.fetchall() == [("Calypso", 360)] and cursor.fetchone() is None


def test_what_is_wrong_is_an_error_of_the_database(session):
    with pytest.raises(sa.exc.ProgrammingError) as raised:
        session.execute(sa.text("SELECT COUT(*)"))
    assert raised.value.orig.args[1:] == (400, "QUERY_ERROR")
    with pytest.raises(sa.exc.OperationalError) as raised:
        engine(key="wrong").connect()
    assert raised.value.orig.args[1:] == (401, "AUTHEXCEPTION")
