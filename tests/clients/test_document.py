"""The API document holds what the official Python client was generated from."""

import inspect

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from rockset import apis, models
from rockset.api_client import ApiClient
from rockset.configuration import Configuration

CLASSES = [found for _, found in inspect.getmembers(models, inspect.isclass)]
SCHEMAS = [model for model in CLASSES if hasattr(model, "attribute_map")]
# The client splits what creates a collection, an integration or a source by the service
# that it is for, and takes the settings of the service out of their object.
SPLIT = {
    "CollectionCreationRequest": "CreateCollectionRequest",
    "IntegrationCreationRequest": "CreateIntegrationRequest",
    "SourceWrapper": "Source",
}
# What the client calls a bound, and the document.
BOUNDS = {
    "inclusive_minimum": "minimum",
    "inclusive_maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "regex": "pattern",
}
# What the last edition of the API has, and the client doesn't know.
NEWER = {
    "CollectionMount": {
        "next_refresh_time_ms",
        "ready_at_timestamp_millis",
        "seqno",
        "snapshot_id",
        "type",
    },
    "Collection": {"field_partitions", "field_schemas", "storage_type"},
    "ErrorModel": {"message_key", "internal_errors"},
    "FormatParams": {"avro"},
    "QueryResponse": {"aliases", "status"},
    "ValidateQueryResponse": {"aliases", "name", "views"},
    "VirtualInstance": {
        "compute_type",
        "concurrent_queries_limit",
        "concurrent_query_execution_limit",
        "current_type",
        "dedicated_streaming_ingest_active",
        "dedicated_streaming_ingest_toggling",
        "default_pod_count",
        "desired_type",
        "enable_dedicated_streaming_ingest",
        "microbatch_policy",
        "scaled_pod_count",
        "suspended_at",
    },
}


def endpoints():
    client = ApiClient(Configuration(api_key="any"))
    for _, group in inspect.getmembers(apis, inspect.isclass):
        for name, endpoint in vars(group(client)).items():
            if name.endswith("_endpoint"):
                yield endpoint


def operation_id(endpoint):
    return endpoint.settings["operation_id"]


def test_it_is_openapi_3_0_3(document):
    assert document["openapi"] == "3.0.3"
    OpenAPIV30SpecValidator(document).validate()


@pytest.mark.parametrize("endpoint", [*endpoints()], ids=operation_id)
def test_it_has_the_operation(document, endpoint):
    path = document["paths"][endpoint.settings["endpoint_path"]]
    operation = path[endpoint.settings["http_method"].lower()]

    places = dict(endpoint.location_map)
    bodies = [name for name, place in places.items() if place == "body"]
    sent = [schema_name(content) for content in contents(operation.get("requestBody", {}))]
    assert sent == [general(endpoint.openapi_types[name][0].__name__) for name in bodies]

    parameters = [
        resolve(document, parameter)
        for parameter in path.get("parameters", []) + operation.get("parameters", [])
    ]
    assert {found["name"]: found["in"] for found in parameters} == {
        endpoint.attribute_map[name]: place for name, place in places.items() if place != "body"
    }

    answered = [
        schema_name(content)
        for status, answer in operation["responses"].items()
        if status.startswith("2")
        for content in contents(answer)
    ]
    assert answered == [kind.__name__ for kind in endpoint.settings["response_type"]]


@pytest.mark.parametrize("model", SCHEMAS, ids=lambda model: model.__name__)
def test_it_has_the_schema(document, model):
    schema = document["components"]["schemas"][general(model.__name__)]
    properties = schema.get("properties", {})
    known = set(model.attribute_map.values())
    if general(model.__name__) != model.__name__:
        if inner := getattr(model, "inner_field", None):
            inside = resolve(document, properties[inner])["properties"]
            assert set(model.inner_properties) <= set(inside)
            known -= set(model.inner_properties)
        assert known <= set(properties)
        return

    deprecated = {name for name, value in properties.items() if value.get("deprecated")}
    if model is models.CreateCollectionRequest:
        # What the client leaves out of it, it has in the requests that it is split into.
        deprecated |= {"sources"}
    assert known - set(properties) == set()
    assert set(properties) - known <= deprecated | NEWER.get(model.__name__, set())
    signature = inspect.signature(model.__init__).parameters.values()
    needed = [found.name for found in signature if found.kind is found.KEYWORD_ONLY]
    assert set(schema.get("required", [])) == {model.attribute_map[name] for name in needed}

    for name, kinds in model.openapi_types.items():
        value = properties[model.attribute_map[name]]
        theirs = client_type(kinds)
        assert theirs in ("any", "{any}", "[any]") or document_type(document, value) == theirs, name
    for (name,), allowed in model.allowed_values.items():
        value = resolve(document, properties[model.attribute_map[name]])
        if value["type"] == "array":
            value = resolve(document, value["items"])
        assert set(value["enum"]) == set(allowed.values()), name
    for (name,), bounds in model.validations.items():
        value = resolve(document, properties[model.attribute_map[name]])
        for bound, theirs in bounds.items():
            theirs = theirs["pattern"] if bound == "regex" else theirs
            assert value[BOUNDS[bound]] == theirs, name


def general(name):
    """The name of a schema, before the client split it."""
    return next((whole for end, whole in SPLIT.items() if name.endswith(end)), name)


def contents(part):
    return [content["schema"] for content in part.get("content", {}).values()]


def schema_name(schema):
    return schema.get("$ref", "").rsplit("/", 1)[-1]


def resolve(document, part):
    """What a reference, or a description around one, refers to."""
    part = part["allOf"][0] if "allOf" in part else part
    if "$ref" in part:
        for step in part["$ref"].removeprefix("#/").split("/"):
            document = document[step]
        return document
    return part


def document_type(document, schema):
    part = schema["allOf"][0] if "allOf" in schema else schema
    target = resolve(document, part)
    match target.get("type"):
        case "object" if "$ref" in part:
            return schema_name(part)
        case "object":
            inside = target.get("additionalProperties")
            return "{%s}" % (document_type(document, inside) if isinstance(inside, dict) else "any")
        case "array":
            return f"[{document_type(document, target['items'])}]"
        case kind:
            return kind


def several(kinds):
    return kinds if isinstance(kinds, tuple) else (kinds,)


def client_type(kinds):
    """The same, of what the client says a value may be."""
    kinds = [kind for kind in kinds if kind is not type(None)]
    if len(kinds) != 1:
        return "any"
    (kind,) = kinds
    if isinstance(kind, list):
        return f"[{client_type(several(kind[0]))}]"
    if isinstance(kind, dict):
        return "{%s}" % client_type(several(next(iter(kind.values()), ())))
    names = {dict: "object", str: "string", int: "integer", float: "number", bool: "boolean"}
    return names.get(kind, kind.__name__)
