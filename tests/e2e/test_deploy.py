"""What is deployed is what Kubernetes takes: by its own schemas, kubectl, Helm and promtool.

No cluster is here: that the pods come up is shown by the real server under the same conditions (another
user, nothing to write to but its volumes), and not by a scheduler.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "watchkeeper"
KUSTOMIZE = ROOT / "deploy" / "kustomize"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
VERSIONS = ("1.30", "1.37")
EVERYTHING = (
    "ingress.enabled=true", "ingress.tlsSecret=tls", "serviceMonitor.enabled=true",
    "prometheusRule.enabled=true", "podMetrics.enabled=true", "podMetrics.selector=app=ranking",
)  # fmt: skip
POSTGRES = ("mode=postgres", "lake.url=s3://bucket/lake", "lake.optionsSecret.name=lake")
DIGEST = f"image.digest=sha256:{'a' * 64}"
MODES = {
    "sqlite": (),
    "sqlite with everything": EVERYTHING,
    "postgres": POSTGRES,
    "postgres with everything": (*POSTGRES, *EVERYTHING, DIGEST),
}
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deploy")]
OVERLAYS = ("sqlite", "postgres")
COMPONENTS = ("monitoring", "ingress", "pod-metrics")


def program(name):
    """A program that `make programs` puts into the cache, or that is installed."""
    held = CACHE / "watchkeeper" / "kubernetes" / name
    found = str(held) if held.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}, which `make programs` fetches")
    return found


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def template(*settings, version="1.31"):
    """What Helm makes of the chart."""
    chosen = [word for setting in settings for word in ("--set", setting)]
    return run(program("helm"), "template", "wk", CHART, "--kube-version", version, *chosen)


def documents(text):
    return [found for found in yaml.safe_load_all(text) if found]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """By name, the objects of every way of running."""
    found = {}
    for mode, settings in MODES.items():
        code, out, error = template(*settings)
        assert code == 0, error
        found[f"helm: {mode}"] = out
    folder = tmp_path_factory.mktemp("kustomize")
    shutil.copytree(KUSTOMIZE, folder / "kustomize")
    for overlay in OVERLAYS:
        place = folder / "kustomize" / "overlays" / overlay
        for parts in ((), COMPONENTS):
            path = place / "kustomization.yaml"
            chosen = yaml.safe_load((KUSTOMIZE / "overlays" / overlay / path.name).read_text())
            chosen["components"] = [f"../../components/{part}" for part in parts]
            path.write_text(yaml.safe_dump(chosen))
            code, out, error = run(program("kubectl"), "kustomize", str(place))
            assert code == 0, error
            found[f"kustomize: {overlay}{' with everything' if parts else ''}"] = out
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_one_of_kubernetes(rendered, version):
    """By the strict schemas of the oldest version that is meant and of later ones."""
    from kubernetes_validate import validate

    for text in rendered.values():
        for found in documents(text):
            if not found["apiVersion"].startswith("monitoring.coreos.com"):
                validate(found, version, strict=True)
    assert len(rendered) == 8


def test_a_misspelt_field_is_seen():
    """The check can fail: it knows no field that Kubernetes does not know."""
    from kubernetes_validate import ValidationError, validate

    wrong = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"}}
    with pytest.raises(ValidationError):
        validate({**wrong, "spec": {"minAvailabel": 1}}, "1.31", strict=True)


def test_helm_finds_nothing_to_say():
    """`helm lint --strict` accepts the chart in each mode."""
    for settings in MODES.values():
        chosen = [word for setting in settings for word in ("--set", setting)]
        code, out, error = run(program("helm"), "lint", "--strict", CHART, *chosen)
        assert code == 0, out + error


@pytest.mark.parametrize(
    "wrong",
    [
        ("mode=mysql",),
        ("mode=postgres",),
        ("mode=postgres", "lake.url=/a/folder"),
        ("door.replicas=0",),
        ("existingSecret=",),
        ("image.digest=sha256:abc",),
        ("settings.DATABASE_URL=postgresql://x",),
        ("settings.host=0.0.0.0",),
        ("persistance.size=1Gi",),
        ("persistence.size=much",),
        ("podMetrics.model=Not A Name",),
        ("termination.gracePeriodSeconds=5",),
    ],
)
def test_wrong_values_are_refused(wrong):
    """The values' schema says what is wrong before anything is applied."""
    code, _, error = template(*wrong)

    assert code != 0
    assert "values don't meet the specifications of the schema" in error


def test_an_older_cluster_is_refused():
    """PreStop's sleep came with 1.30."""
    assert template(version="1.29")[0] != 0


def workloads(text):
    return [found for found in documents(text) if found["kind"] in {"Deployment", "StatefulSet"}]


def test_pods_may_do_little(rendered):
    """No root, no writable root, no capability, no token unless it is needed; bounded memory."""
    for way, text in rendered.items():
        for found in workloads(text):
            pod = found["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            assert pod["securityContext"]["runAsNonRoot"] is True, way
            assert pod["securityContext"]["runAsUser"] > 0
            assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]["requests"]) == {"cpu", "memory"}
            assert set(container["resources"]["limits"]) == {"memory"}
            asks = "pod-metrics" in found["metadata"]["name"]
            assert pod["automountServiceAccountToken"] is asks
            assert {"/tmp", "/var/lib/watchkeeper"} <= {
                mount["mountPath"] for mount in container["volumeMounts"]
            }


def test_servers_are_probed_and_end_in_time(rendered):
    """Alive and ready are told apart, and the grace covers the sleep, the draining and both ends."""
    from watchkeeper.server.supervise import _STOP_SECONDS

    for way, text in rendered.items():
        for found in workloads(text):
            pod = found["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            if container["args"] != ["serve"]:
                continue
            paths = {kind: container[kind]["httpGet"]["path"] for kind in PROBES}
            assert paths == PROBES, way
            sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
            assert pod["terminationGracePeriodSeconds"] >= sleep + 2 * _STOP_SECONDS


PROBES = {
    "startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz",
}  # fmt: skip


def test_selectors_find_what_they_mean(rendered):
    """Services, budgets, autoscalers and policies name pods that there are, and no others."""
    for way, text in rendered.items():
        made = documents(text)
        labels = {
            found["metadata"]["name"]: found["spec"]["template"]["metadata"]["labels"]
            for found in workloads(text)
        }
        for found in workloads(text):
            wanted = found["spec"]["selector"]["matchLabels"]
            hit = [name for name, held in labels.items() if wanted.items() <= held.items()]
            assert hit == [found["metadata"]["name"]], way
        for found in made:
            if found["kind"] == "Service":
                wanted = found["spec"]["selector"]
                hit = [name for name, held in labels.items() if wanted.items() <= held.items()]
                assert len(hit) == 1, (way, hit)
                assert "worker" not in hit[0]
            if found["kind"] == "HorizontalPodAutoscaler":
                assert found["spec"]["scaleTargetRef"]["name"] in labels
            if found["kind"] == "PodDisruptionBudget":
                wanted = found["spec"]["selector"]["matchLabels"]
                assert [n for n, held in labels.items() if wanted.items() <= held.items()], way


def test_one_worker_whatever_happens(rendered):
    """What must run once is a StatefulSet of one; only doors are many."""
    for way, text in rendered.items():
        for found in workloads(text):
            name = found["metadata"]["name"]
            if found["kind"] == "StatefulSet":
                assert found["spec"]["replicas"] == 1, way
            elif "door" not in name:
                assert found["spec"]["replicas"] == 1
                assert found["spec"]["strategy"] == {"type": "Recreate"}


def test_every_variable_is_a_setting(rendered):
    """What the objects set is what the server reads."""
    from watchkeeper.settings import Settings

    for text in rendered.values():
        for found in documents(text):
            if found["kind"] == "ConfigMap":
                read = Settings.load(found["data"])
                assert (read.host, read.port, str(read.home)) == (
                    "0.0.0.0", 8711, "/var/lib/watchkeeper",
                )  # fmt: skip
        for found in workloads(text):
            (container,) = found["spec"]["template"]["spec"]["containers"]
            values = {item["name"]: item["value"] for item in container["env"] if "value" in item}
            Settings.load(values)
            for item in container["env"]:
                assert re.fullmatch("WATCHKEEPER_[A-Z_]+", item["name"])


def test_no_secret_stands_in_the_objects(rendered):
    """Keys and passwords are references; no Secret is made here."""
    for text in rendered.values():
        assert not [found for found in documents(text) if found["kind"] == "Secret"]
        for found in workloads(text):
            (container,) = found["spec"]["template"]["spec"]["containers"]
            for item in container["env"]:
                if "KEY" in item["name"] or "DATABASE" in item["name"] or "OPTIONS" in item["name"]:
                    assert "secretKeyRef" in item["valueFrom"]


def test_rules_are_prometheus_rules(rendered, tmp_path):
    """`promtool check rules` takes each PrometheusRule, and the figures that they ask for exist."""
    from watchkeeper.interop.prometheus import families

    known = Path(families.__file__).read_text()
    seen = 0
    for text in rendered.values():
        for found in documents(text):
            if found["kind"] != "PrometheusRule":
                continue
            seen += 1
            (tmp_path / "rules.yaml").write_text(yaml.safe_dump(found["spec"]))
            code, out, error = run(program("promtool"), "check", "rules", tmp_path / "rules.yaml")
            assert code == 0, out + error
            for name in re.findall(r"watchkeeper_(\w+)\{", json.dumps(found)):
                assert f'"{name}"' in known
    assert seen == 4


def test_the_role_allows_what_the_sampler_asks(rendered):
    """It may list pods and their measurements, and nothing else."""
    seen = 0
    for text in rendered.values():
        for found in documents(text):
            if found["kind"] == "Role":
                seen += 1
                assert found["rules"] == [
                    {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]},
                    {"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list"]},
                ]
    assert seen == 4


def test_commands_of_the_objects_exist(rendered):
    """Whatever a container is told to run, our console knows with these options."""
    from watchkeeper.cli.main import cli

    for text in rendered.values():
        for found in workloads(text):
            (container,) = found["spec"]["template"]["spec"]["containers"]
            name, *options = container["args"]
            command = cli.get_command(None, name)
            command.make_context(name, [str(option) for option in options])


def recipe():
    """The instructions of the image's recipe, with their stages."""
    text = (ROOT / "deploy" / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines()]


def test_the_image_is_made_of_what_there_is():
    """No engine is here to build it. What can be checked: stages, sources, user, what it runs."""
    steps = recipe()
    stages = [value.split()[2] for word, value in steps if word == "FROM" and " AS " in value]
    last = steps[len(steps) - steps[::-1].index(("FROM", "${BASE}")) - 1 :]
    words = dict(last)

    assert stages == ["build"]
    assert words["USER"] == "10001:10001"
    assert words["ENTRYPOINT"] == '["watchkeeper"]'
    assert words["EXPOSE"] == "8711"
    assert not [word for word, _ in steps if word == "ADD"]
    for word, value in steps:
        if word == "COPY" and not value.startswith("--from=build"):
            for source in value.split()[:-1]:
                assert (ROOT / source).exists(), source
    ignored = (ROOT / "deploy" / "Containerfile.containerignore").read_text().split()
    copied = {s for w, v in steps if w == "COPY" and "--from" not in v for s in v.split()[:-1]}
    assert {f"!{source}" for source in copied} <= set(ignored)


def test_the_recipe_installs_extras_that_there_are():
    """Each extra it names is one of ours."""
    import tomllib

    (given,) = [value for word, value in recipe() if word == "ARG" and value.startswith("EXTRAS=")]
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    assert set(given.removeprefix("EXTRAS=").split(",")) <= set(known)


def test_compose_names_what_there_is():
    """Every volume and secret is declared, every setting is one, every server may do little."""
    from watchkeeper.settings import Settings

    found = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    for name, service in found["services"].items():
        assert {v.split(":")[0] for v in service["volumes"]} <= set(found["volumes"])
        assert set(service["secrets"]) <= set(found["secrets"])
        assert set(service.get("depends_on", {})) <= set(found["services"])
        if name == "database":
            continue
        Settings.load({k: v for k, v in service["environment"].items() if k.startswith("WATCHK")})
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert (
            ROOT / "deploy" / service["build"]["context"] / service["build"]["dockerfile"]
        ).exists()
