"""The arithmetic of deploy/helm/optima/templates/autoscaling.yaml: how many replicas KEDA requests.

The trigger for the queue's length has the type AverageValue: Kubernetes divides the metric by the threshold,
which is what one replica handles in the allowed time. The trigger for the age has the type Value: Kubernetes
multiplies the present replicas by the ratio of the oldest message's age to the allowed age. The greater
result counts, limited by the minimum and the maximum."""

import math

HPA_TOLERANCE = 0.1
"""Kubernetes does not change the replicas while the age differs from its target by at most this fraction."""


def per_replica(per_second: float, target_seconds: float) -> int:
    """Return how many messages one replica handles within the target time, which is the threshold of the
    length's trigger."""
    return int(per_second * target_seconds)


def desired_replicas(
    *,
    waiting: float,
    age_seconds: float,
    present: int,
    per_second: float,
    target_seconds: float,
    target_age_seconds: float,
    least: int,
    most: int,
) -> int:
    """Return the number of replicas that KEDA's HorizontalPodAutoscaler sets."""
    by_length = math.ceil(waiting / per_replica(per_second, target_seconds))
    ratio = age_seconds / target_age_seconds
    by_age = present if abs(ratio - 1) <= HPA_TOLERANCE else math.ceil(present * ratio)
    return max(least, min(most, max(by_length, by_age)))
