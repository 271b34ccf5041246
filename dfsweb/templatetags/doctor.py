"""Problems, as the admin's pages tell them."""

from django import template
from django.utils.translation import gettext as _

from nodes import doctor
from nodes.problems import Problem, Severity

register = template.Library()


@register.simple_tag
def problems_told() -> list[Problem]:
    """Return what somebody should see to; what is only good to know stands on the doctor page."""
    return [problem for problem in doctor.examine() if problem.severity != Severity.NOTICE]


@register.filter
def severity_words(severity: Severity) -> str:
    """Say how soon somebody should look."""
    return {
        Severity.CRITICAL: _("Critical"),
        Severity.WARNING: _("Warning"),
        Severity.NOTICE: _("Good to know"),
    }[severity]
