"""The arithmetic of deploy/helm/optima/templates/autoscaling.yaml: how many replicas KEDA asks for.

A trigger of what waits has the type AverageValue: Kubernetes divides the metric by the threshold, which is
what one replica works off in the time that is allowed. A trigger of age has the type Value: the present
replicas are multiplied by how much older than allowed the oldest is. The greater of both counts, between the
least and the most.
"""

import math

HPA_TOLERANCE = 0.1
"""Kubernetes leaves the replicas as they are while age and target differ by no more than this part."""


def per_replica(per_second: float, target_seconds: float) -> int:
    """What one replica works off within the target: the threshold of the trigger of what waits."""
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
    """What the HorizontalPodAutoscaler that KEDA makes sets in the end."""
    by_length = math.ceil(waiting / per_replica(per_second, target_seconds))
    ratio = age_seconds / target_age_seconds
    by_age = present if abs(ratio - 1) <= HPA_TOLERANCE else math.ceil(present * ratio)
    return max(least, min(most, max(by_length, by_age)))
