"""Accounts in the Django admin: people with their quota, and tokens that can be revoked but never read."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import sizes
from accounts.forms import AdminNewPasswordForm, AdminSignInForm
from accounts.models import Token, Usage, User

admin.site.login_form = AdminSignInForm
admin.site.site_header = admin.site.site_title = "dfsweb"


class UsageInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Usage
    can_delete = False
    fields = ["quota_bytes", "used"]
    readonly_fields = ["used"]

    @admin.display(description=gettext_lazy("Used"))
    def used(self, usage: Usage) -> str:
        return sizes.in_words(usage.used_bytes)


@admin.register(User)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]
    inlines = [UsageInline]
    change_password_form = AdminNewPasswordForm
    list_display = ["username", "email", "is_active", "is_staff", "quota", "used", "last_login"]
    list_select_related = ["usage"]

    @admin.display(description=gettext_lazy("Quota"))
    def quota(self, user: User) -> str:
        usage = getattr(user, "usage", None)
        if usage is None:
            return _("default")
        return _("no limit") if usage.quota_bytes is None else sizes.in_words(usage.quota_bytes)

    @admin.display(description=gettext_lazy("Used"), ordering="usage__used_bytes")
    def used(self, user: User) -> str:
        usage = getattr(user, "usage", None)
        return sizes.in_words(usage.used_bytes if usage else 0)


@admin.register(Token)
class TokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["label", "user", "scopes", "made", "ends", "last_used_at"]
    list_display_links = None
    list_select_related = ["user"]
    search_fields = ["user__username", "name"]
    actions = ["revoke"]

    @admin.display(description=gettext_lazy("Token"))
    def label(self, token: Token) -> str:
        return token.name or _("unnamed")

    @admin.display(description=gettext_lazy("Made"), ordering="created")
    def made(self, token: Token) -> datetime:
        return token.created

    @admin.display(description=gettext_lazy("Ends"), ordering="expiry")
    def ends(self, token: Token) -> datetime | None:
        return token.expiry

    @admin.action(description=gettext_lazy("Revoke the selected tokens"), permissions=["delete"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        count = chosen.delete()[0]
        self.message_user(request, _("%(count)s revoked.") % {"count": count})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's own deletion: its confirmation links to pages by the token's digest."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        return False
