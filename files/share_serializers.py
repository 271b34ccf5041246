"""What the API of shares takes and gives."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request

from accounts.exact import BodySerializer
from files import links
from files.models import Share
from files.sharing import LinkTerms

ROLES = [role.value for role in Share.Role]
MOST_DOWNLOADS = 2**31 - 1
LONGEST_PASSWORD = 1024  # characters; hashing takes time for every one
_TERMS = ("password", "expires_at", "max_downloads")


class ShareChangeIn(BodySerializer[Any]):
    """What may be changed of a share; the last three of a link alone."""

    role = serializers.ChoiceField(choices=ROLES, required=False)
    password = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_PASSWORD,
        trim_whitespace=False,
        write_only=True,
        help_text="Of a link; empty: none.",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Of a link.")
    max_downloads = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_DOWNLOADS, help_text="Of a link."
    )


class ShareIn(ShareChangeIn):
    """A share for a person (`user`), a group (`group`), or, with neither, a public link."""

    user = serializers.CharField(required=False, max_length=150, help_text="A user name.")
    group = serializers.CharField(required=False, max_length=150, help_text="A group you are in.")
    role = serializers.ChoiceField(
        choices=ROLES,
        help_text="viewer or editor for people; view, download or upload for a link.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "user" in attrs and "group" in attrs:
            raise serializers.ValidationError({"user": "Send a user or a group, or neither for a link."})
        if ("user" in attrs or "group" in attrs) and any(term in attrs for term in _TERMS):
            raise serializers.ValidationError(
                {"password": "Only links have a password, an end and a number of downloads."}
            )
        return attrs

    @property
    def is_for_people(self) -> bool:
        return "user" in self.validated_data or "group" in self.validated_data

    def terms(self) -> LinkTerms:
        fields = self.validated_data
        return LinkTerms(**{term: fields[term] for term in _TERMS if term in fields})


class SharedEntryOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    path = serializers.CharField()


class LinkOut(serializers.Serializer[Any]):
    url = serializers.URLField()
    has_password = serializers.BooleanField()
    expires_at = serializers.DateTimeField(allow_null=True)
    max_downloads = serializers.IntegerField(allow_null=True)
    downloads = serializers.IntegerField(help_text="Counted while there is a limit.")


class ShareOut(serializers.Serializer[Any]):
    """A share: exactly one of user, group and link is not null."""

    id = serializers.UUIDField()
    entry = SharedEntryOut()
    role = serializers.ChoiceField(choices=ROLES)
    user = serializers.CharField(allow_null=True)
    group = serializers.CharField(allow_null=True)
    link = LinkOut(allow_null=True)
    created_at = serializers.DateTimeField()


def share_out(share: Share, request: Request) -> dict[str, Any]:
    entry = share.entry
    return {
        "id": str(share.id),
        "entry": {
            "id": str(entry.id),
            "kind": entry.kind,
            "name": entry.name,
            "path": getattr(share, "path", None),
        },
        "role": share.role,
        "user": share.user.username if share.user else None,
        "group": share.group.name if share.group else None,
        "link": _link_out(share, request) if share.is_link else None,
        "created_at": share.created_at,
    }


def _link_out(share: Share, request: Request) -> dict[str, Any]:
    return {
        "url": request.build_absolute_uri(reverse("link", args=[links.token_of(share.id)])),
        "has_password": bool(share.password),
        "expires_at": share.expires_at,
        "max_downloads": share.max_downloads,
        "downloads": share.downloads,
    }
