"""Takes the values of a JSON body for what they are: `"5"` is no number, `5` no text, `"yes"` not true.

REST framework converts one into another, as forms need it; a client that sends what it did not mean should
learn so, and what the API's description says should hold.
"""

from typing import Any, TypeVar

from rest_framework import serializers

T = TypeVar("T")

_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.CharField, str),
    (serializers.UUIDField, str),
    (serializers.ChoiceField, str),
    (serializers.DateTimeField, str),
)
_NAMES = {bool: "true or false", int: "a whole number", str: "a text"}


class BodySerializer(serializers.Serializer[T]):
    """The base of all that is read from JSON."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            wrong = {
                name: [serializers.ErrorDetail(f"This is to be {_NAMES[wanted]}.", code="invalid")]
                for name, field in self.fields.items()
                if name in data and (wanted := _type_missed(field, data[name])) is not None
            }
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


def _type_missed(field: Any, value: Any) -> type | None:
    """Return the type that the value should have and has not; null is judged by the field itself."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next((missed for one in value if (missed := _type_missed(field.child, one)) is not None), None)
    for kind, wanted in _TYPES:
        if isinstance(field, kind):
            is_right = value is None or type(value) is wanted
            return None if is_right else wanted
    return None
