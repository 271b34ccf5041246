"""The cluster's routes below /api/v1."""

from django.urls import path

from nodes import api

urlpatterns = [
    path("cluster/confirm-restore", api.ConfirmRestoreView.as_view(), name="confirm_restore"),
    path("nodes", api.NodesView.as_view(), name="nodes"),
    path("nodes/rebalance", api.RebalanceView.as_view(), name="rebalance"),
    path("nodes/announce", api.AnnounceView.as_view(), name="node_announce"),
    path("nodes/<int:node_id>", api.NodeView.as_view(), name="node"),
    path("nodes/<int:node_id>/activate", api.ActivateView.as_view(), name="node_activate"),
    path("nodes/<int:node_id>/drain", api.DrainView.as_view(), name="node_drain"),
    path("nodes/<int:node_id>/retire", api.RetireView.as_view(), name="node_retire"),
    path("nodes/<int:node_id>/scrub", api.ScrubView.as_view(), name="node_scrub"),
]
