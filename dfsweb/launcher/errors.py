"""What can keep the launcher from starting.

LauncherError
├── BadOption         an option or folder that cannot be used
├── BadSetting        a setting that cannot be read or makes no sense
├── MissingProgram    a binary that should have come with the requirements
└── ChildFailed       a program ended or never became ready
"""


class LauncherError(Exception):
    """One clear sentence that names the way out; shown to the person without a traceback."""

    exit_code = 1


class BadOption(LauncherError):
    """An option or folder cannot be used."""

    exit_code = 2


class BadSetting(LauncherError):
    """A setting cannot be read or makes no sense; programs that say so end with this code."""

    exit_code = 2


class MissingProgram(LauncherError):
    """A binary that should have come with the requirements is not there."""

    exit_code = 2


class ChildFailed(LauncherError):
    """A program ended or never became ready."""
