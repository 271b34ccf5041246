"""Problems for the admin's first page."""

from django import template

from nodes import doctor
from nodes.problems import Problem, Severity

register = template.Library()


@register.simple_tag
def problems_told() -> list[Problem]:
    """Return what somebody should see to; what is only good to know stands on the doctor page."""
    return [problem for problem in doctor.examine() if problem.severity != Severity.NOTICE]
