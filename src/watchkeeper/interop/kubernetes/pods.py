"""Samples of containers: what the metrics API measured, beside what the pod may use and suffered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from watchkeeper.errors import InvalidInput, NotFound, Unavailable
from watchkeeper.interop.kubernetes.cluster import Cluster, Data
from watchkeeper.interop.kubernetes.quantity import quantity

__all__ = ["PodSampler", "Sample"]

_GPU = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True)
class Sample:
    """A row: ``identity`` is the same for the same measurement, ``time`` when it was taken."""

    identity: str
    time: datetime
    row: Mapping[str, object]


@dataclass(slots=True)
class PodSampler:
    """Samples the containers of a namespace, of those pods that a label selector names."""

    cluster: Cluster
    selector: str = ""
    _seen: dict[str, str] = field(default_factory=dict)  # container → its last measurement
    _restarts: dict[str, int] = field(default_factory=dict)

    def sample(self) -> list[Sample]:
        """What was measured since the call before: nothing where nothing was.

        The errors of `Cluster.items`; Unavailable where the cluster measures nothing at all, for want
        of a metrics server.
        """
        where = f"namespaces/{self.cluster.namespace}/pods"
        asked = {"labelSelector": self.selector} if self.selector else {}
        try:
            measured = list(self.cluster.items(f"/apis/metrics.k8s.io/v1beta1/{where}", **asked))
        except NotFound as error:
            raise Unavailable(
                f"the cluster has no metrics API, which metrics-server brings: {error}"
            ) from error
        pods = {_name(pod): pod for pod in self.cluster.items(f"/api/v1/{where}", **asked)}
        found = [
            sample for item in measured for sample in self._of_pod(item, pods.get(_name(item)))
        ]
        self._forget(pods)
        return found

    def _of_pod(self, measured: Data, pod: Data | None) -> Iterator[Sample]:
        moment = _moment(measured.get("timestamp"))
        if pod is None or moment is None:  # it is gone, or was never measured
            return
        uid = str(_data(pod, "metadata").get("uid") or _name(pod))
        states = {
            str(s.get("name")): s for s in _list(_data(pod, "status").get("containerStatuses"))
        }
        specs = {str(c.get("name")): c for c in _list(_data(pod, "spec").get("containers"))}
        for container in _list(measured.get("containers")):
            name = str(container.get("name"))
            key, taken = f"{_name(pod)}/{uid}/{name}", str(measured.get("timestamp"))
            if self._seen.get(key) == taken:
                continue
            self._seen[key] = taken
            row = {
                **_about(pod, self.cluster.namespace),
                "container": name,
                **_used(_data(container, "usage"), _limits(specs.get(name, {}))),
                **self._suffered(key, states.get(name, {})),
            }
            yield Sample(f"{uid}/{name}/{taken}", moment, row)

    def _suffered(self, key: str, state: Data) -> dict[str, object]:
        """Restarts since the sample before, and how many of them for want of memory.

        Only the reason of the last one is known: several at once count as what the last was.
        """
        count = state.get("restartCount")
        if not isinstance(count, int):
            return {}
        before = self._restarts.get(key, count)
        self._restarts[key] = count
        since = max(0, count - before)
        last = _data(_data(state, "lastState"), "terminated").get("reason")
        killed = since if last == "OOMKilled" else 0
        return {"restarts": float(since), "cgroup_out_of_memory_kills": float(killed)}

    def _forget(self, pods: Mapping[str, Data]) -> None:
        """What belongs to pods that are gone."""
        for held in (self._seen, self._restarts):
            for key in [key for key in held if key.split("/", 1)[0] not in pods]:
                del held[key]


def _used(usage: Data, limits: Mapping[str, float]) -> dict[str, object]:
    found: dict[str, object] = {}
    for resource, figure in (("memory", "memory_used_bytes"), ("cpu", "cpu_used_cores")):
        used = _quantity(usage.get(resource))
        if used is None:
            continue
        found[f"cgroup_{figure}"] = used
        if limits.get(resource):
            found[f"cgroup_{resource}_used_share"] = used / limits[resource]
    if _GPU in limits:
        found["gpu_count"] = limits[_GPU]
    return found


def _limits(container: Data) -> dict[str, float]:
    given = _data(_data(container, "resources"), "limits")
    read = {name: _quantity(value) for name, value in given.items()}
    return {name: value for name, value in read.items() if value is not None}


def _about(pod: Data, namespace: str) -> dict[str, object]:
    node = _data(pod, "spec").get("nodeName")
    found: dict[str, object] = {
        "namespace": namespace, "pod": _name(pod), "workload": _workload(pod),
    }  # fmt: skip
    return {**found, "node": str(node)} if node else found


def _workload(pod: Data) -> str:
    """What the pod is one of: its Deployment, StatefulSet, DaemonSet or Job; else itself."""
    metadata = _data(pod, "metadata")
    owners = _list(metadata.get("ownerReferences"))
    if not owners:
        return _name(pod)
    name = str(owners[0].get("name"))
    template = _data(metadata, "labels").get("pod-template-hash")
    return name.removesuffix(f"-{template}") if template else name


def _name(item: Data) -> str:
    return str(_data(item, "metadata").get("name"))


def _quantity(value: object) -> float | None:
    try:
        return quantity(str(value))
    except InvalidInput:
        return None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _data(item: Data, name: str) -> Data:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: object) -> Sequence[Data]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
