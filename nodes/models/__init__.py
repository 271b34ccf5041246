"""Nodes, chunks, replicas and contents: the rows that say which bytes exist and where their copies are.

States, constraints and sentences over them; no I/O and no decisions.
"""

from nodes.models.any_of import AnyOf
from nodes.models.bookkeeping import Census, Counter, Rebalance, Turn, Watermark, WorkSample
from nodes.models.chunk import Chunk, ChunkQuerySet, Replica, ReplicaQuerySet
from nodes.models.content import Content, ContentSegment, Extent, Segment
from nodes.models.node import Node, NodeQuerySet, NodeSample
from nodes.models.upkeep import Orphan, Upkeep, UpkeepQuerySet

__all__ = [
    "AnyOf",
    "Census",
    "Chunk",
    "ChunkQuerySet",
    "Content",
    "ContentSegment",
    "Counter",
    "Extent",
    "Node",
    "NodeQuerySet",
    "NodeSample",
    "Orphan",
    "Rebalance",
    "Replica",
    "ReplicaQuerySet",
    "Segment",
    "Turn",
    "Upkeep",
    "UpkeepQuerySet",
    "Watermark",
    "WorkSample",
]
