"""Kubernetes: one Lease, imported only where leader election needs it.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
"""
