"""The version a node reports."""

VERSION = "0.1.0"
