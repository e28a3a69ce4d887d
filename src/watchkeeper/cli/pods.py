"""`watchkeeper pods`: what pods use, by the metrics API of their cluster, as rows of a model."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watchkeeper.cli.server_options import address
from watchkeeper.errors import InvalidInput, WatchkeeperError

if TYPE_CHECKING:
    from watchkeeper.interop.kubernetes.cluster import Cluster
    from watchkeeper.interop.kubernetes.pods import PodSampler
    from watchkeeper.sdk.logger import Logger

__all__ = ["command"]

_END_SECONDS = 5.0


@click.command("pods")
@click.option("--model", default="pods", show_default=True, help="The model of pods.")
@click.option("--namespace", help="Of which namespace.  [default: the pod's own]")
@click.option("--selector", default="", help="Only pods with these labels: app=ranking.")
@click.option(
    "--every",
    "every_seconds",
    type=click.FloatRange(min=1.0),
    default=30.0,
    show_default=True,
    help="Seconds from one look to the next.",
)
@click.option("--api", help="The API server.  [default: that of the cluster around this pod]")
@click.option("--token-file", type=click.Path(path_type=Path), help="With --api: whose token.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="With --api: whom to trust.")
@click.option("--definition", is_flag=True, help="Print the model's definition, and end.")
@click.option("--once", is_flag=True, help="Print one look as JSON, and end.")
@click.option("--url", help="The server; else WATCHKEEPER_URL.")
@click.option("--key", help="An API key; else WATCHKEEPER_API_KEY, or this machine's own.")
def command(
    *,
    model: str,
    namespace: str | None,
    selector: str,
    every_seconds: float,
    api: str | None,
    token_file: Path | None,
    ca_file: Path | None,
    definition: bool,
    once: bool,
    url: str | None,
    key: str | None,
) -> None:
    """Look what pods use until interrupted, and send it to MODEL.

    The server must know the model: `watchkeeper pods --definition > pods.yaml`, then `watchkeeper
    apply -f pods.yaml`.
    """
    import yaml

    from watchkeeper.interop.kubernetes.columns import pods_definition
    from watchkeeper.interop.kubernetes.pods import PodSampler
    from watchkeeper.sdk.client import Client

    if definition:
        click.echo(yaml.safe_dump(pods_definition(model), sort_keys=False), nl=False)
        return
    sampler = PodSampler(_cluster(api, namespace, token_file, ca_file), selector)
    if once:
        click.echo(json.dumps([dict(found.row) for found in sampler.sample()], indent=2))
        return
    client = Client(*address(url, key))
    try:
        _run(sampler, client.logger(model), every_seconds)
    finally:
        client.close(_END_SECONDS)


def _run(sampler: PodSampler, logger: Logger, every_seconds: float) -> None:
    """Look until the process is asked to end; a cluster that does not answer is told once."""
    asked, told = threading.Event(), ""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    click.echo("sampling pods")
    while not asked.is_set():
        try:
            for found in sampler.sample():
                logger.prediction(found.row, prediction_id=found.identity, time=found.time)
            said = ""
        except WatchkeeperError as error:
            said = str(error)
        if said and said != told:
            click.echo(f"no samples: {said}", err=True)
        told = said
        asked.wait(every_seconds)


def _cluster(
    api: str | None, namespace: str | None, token_file: Path | None, ca_file: Path | None
) -> Cluster:
    from watchkeeper.interop.kubernetes.cluster import Cluster

    if api is None:
        return Cluster.around(namespace=namespace)
    if namespace is None:
        raise InvalidInput("with --api say of which namespace: --namespace")
    return Cluster(api, namespace, token_file, ca_file)
