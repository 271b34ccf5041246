"""A JSON value is what it is: nothing is made of it that the client did not send."""

import pytest
from rest_framework import serializers

from accounts.exact import BodySerializer


class Body(BodySerializer[object]):
    text = serializers.CharField(required=False, allow_null=True)
    number = serializers.IntegerField(required=False)
    is_true = serializers.BooleanField(required=False)
    id = serializers.UUIDField(required=False)
    at = serializers.DateTimeField(required=False)
    choices = serializers.ListField(child=serializers.ChoiceField(["a", "b"]), required=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("text", value) for value in (5, 1.5, True, ["a"], {})),
        *(("number", value) for value in ("5", 5.0, True, "", None, [5])),
        *(("is_true", value) for value in ("yes", "true", 1, 0, None)),
        *(("id", value) for value in (0, False, 12)),
        *(("at", value) for value in (0, True, ["2026-01-01T00:00:00Z"])),
        *(("choices", value) for value in (["a", 1], "a", {"a": 1}, [None], ["c"])),
    ],
)
def test_a_value_of_another_type_is_refused(field, value):
    body = Body(data={field: value})

    assert not body.is_valid()
    assert list(body.errors) == [field]


def test_values_of_their_types_are_taken():
    given = {"text": None, "number": 5, "is_true": False, "choices": ["a", "b"]}
    body = Body(data={**given, "id": "01936f3e-8d4c-7a52-9b1e-3c5d7f9a1b2c", "at": "2026-01-01T00:00:00Z"})

    assert body.is_valid(), body.errors
    assert {name: body.validated_data[name] for name in given} == given


@pytest.mark.parametrize("body", [[], "text", 5, None, True])
def test_what_is_no_object_is_refused(body):
    assert not Body(data=body).is_valid()
