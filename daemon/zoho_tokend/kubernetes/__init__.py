"""Kubernetes, as far as we need it: one Lease. It is imported only where leader election asks for it.

https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
"""
