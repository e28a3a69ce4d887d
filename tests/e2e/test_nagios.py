"""Real Nagios, NRPE, NSCA and Icinga: each runs our plugin, or takes what we hand in."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ports import held_port
from serving import Server
from waiting import PATIENCE_SECONDS, until
from watchkeeper.interop.nagios.objects import Objects, objects_text

PLUGINS = Path("/usr/lib/nagios/plugins")
PLUGIN = Path(sys.executable).parent / "check_watchkeeper"
START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)
DEFINITION = """
apiVersion: watchkeeper/v1
kind: Model
name: {name}
task: none
granularity: 1d
columns:
  time: {{type: timestamp, role: time}}
  bar: numeric
monitors:
  - {{name: burst, type: static, columns: [bar], options: {{figure: max, above: 10}}, severity: critical}}
"""
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("nagios")]


def program(name):
    """The path of a program of Debian's; the test skips visibly where it is not installed."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        pytest.skip(f"needs {name}, which `make programs` installs on Debian")
    return found


@dataclass
class Watched:
    """A real server: the model `pumps` burst yesterday, `doors` did not."""

    server: Server
    key_file: Path

    @property
    def url(self):
        return self.server.url

    def check(self, *arguments):
        """The plugin's exit code and output."""
        command = [PLUGIN, "--url", self.url, "--key-file", self.key_file, "-t", "60", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return done.returncode, done.stdout.strip()

    def watchkeeper(self, *arguments):
        """What a command prints."""
        done = self.server.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    home = tmp_path_factory.mktemp("watched") / "home"
    server = Server(home)
    server.start()
    try:
        with server.client() as client:
            for name, highest in (("doors", 5.0), ("pumps", 50.0)):
                client.apply(DEFINITION.format(name=name))
                for day in range(3):
                    send_day(client, name, START + day * DAY, highest)
                client.advance(name, START + 3 * DAY + timedelta(hours=1))
            assert client.wait_until_judged(PATIENCE_SECONDS)
        found = Watched(server, home / "admin.key")
        until(lambda: found.check("--model", "pumps")[0] == 2, what="an incident")
        yield found
    finally:
        server.close()


def send_day(client, model, day, highest):
    """An hour of a day's rows."""
    times = [day + timedelta(minutes=n) for n in range(60)]
    rows = pa.table({"time": times, "bar": np.linspace(1.0, highest, 60)})
    client.log_predictions(model, rows, batch=f"{day:%d}", known_at=day + DAY)


@pytest.fixture
def place():
    """A folder that a daemon of another user may look into."""
    made = Path(tempfile.mkdtemp(prefix="wk-nagios-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Nagios:
    """A Nagios with a folder of its own, of which one second is one unit of time."""

    def __init__(self, folder, objects):
        self.folder, self.program = folder, program("nagios4")
        for below in ("etc", "var/rw", "var/spool/checkresults"):
            (folder / below).mkdir(parents=True)
        user = getpass.getuser()
        (folder / "etc/wk.cfg").write_text(objects)
        (folder / "etc/resource.cfg").write_text(f"$USER1$={PLUGINS}\n")
        (folder / "etc/nagios.cfg").write_text(MAIN.format(at=folder, user=user))
        self.process = None

    def verify(self):
        """What `nagios4 -v` says."""
        command = [self.program, "-v", self.folder / "etc/nagios.cfg"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout

    def start(self):
        """Begin to schedule; wait until it does."""
        with (self.folder / "out").open("wb") as out:
            self.process = subprocess.Popen(
                [self.program, self.folder / "etc/nagios.cfg"],
                stdout=out,
                stderr=out,
                cwd=self.folder,
            )
        until(self.command_file.exists, what="a command file")
        return self

    @property
    def command_file(self):
        return self.folder / "var/rw/nagios.cmd"

    def services(self):
        """By description, what Nagios knows of each service."""
        path = self.folder / "var/status.dat"
        text = path.read_text() if path.exists() else ""
        blocks = re.findall(r"^servicestatus \{\n(.*?)^\t\}", text, re.MULTILINE | re.DOTALL)
        found = [dict(re.findall(r"^\t(\w+)=(.*)$", block, re.MULTILINE)) for block in blocks]
        return {item["service_description"]: item for item in found}

    def state(self, service):
        """A service's state, None before it was ever checked."""
        found = self.services().get(service, {})
        return int(found["current_state"]) if found.get("has_been_checked") == "1" else None

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@pytest.fixture
def port():
    with held_port() as found:
        yield found


MAIN = """
log_file={at}/var/nagios.log
cfg_file={at}/etc/wk.cfg
object_cache_file={at}/var/objects.cache
precached_object_file={at}/var/objects.precache
resource_file={at}/etc/resource.cfg
status_file={at}/var/status.dat
status_update_interval=1
nagios_user={user}
nagios_group={user}
check_external_commands=1
command_file={at}/var/rw/nagios.cmd
lock_file={at}/var/nagios.pid
temp_file={at}/var/nagios.tmp
temp_path=/tmp
check_result_path={at}/var/spool/checkresults
state_retention_file={at}/var/retention.dat
query_socket={at}/var/rw/nagios.qh
use_syslog=0
interval_length=1
accept_passive_service_checks=1
check_service_freshness=1
service_freshness_check_interval=2
process_performance_data=1
illegal_macro_output_chars=`~$&|'"<>
date_format=iso8601
"""


@pytest.fixture
def nagios(place):
    """Makes a Nagios of objects."""
    made = []

    def make(objects):
        made.append(Nagios(place, objects))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_nagios_finds_nothing_to_say_of_the_objects(watched, nagios):
    """`nagios4 -v` reads the exported objects, active and passive, without a warning."""
    exported = watched.watchkeeper("export", "nagios", "--page", watched.url)

    said = nagios(exported).verify()

    assert "Total Warnings: 0" in said, said
    assert "Total Errors:   0" in said, said
    assert "Checked 5 services" in said


def test_nagios_checks(watched, nagios):
    """A real Nagios schedules the plugin: states, text and figures arrive as the plugin said."""
    objects = watched.watchkeeper(
        "export", "nagios", "--plugin", str(PLUGIN), "--key-file", str(watched.key_file),
        "--interval", "2",
    )  # fmt: skip
    running = nagios(objects).start()

    until(lambda: running.state("pumps") == 2, what="pumps critical")
    until(lambda: running.state("doors") == 0, what="doors fine")
    until(lambda: running.state("server") is not None, what="the server checked")

    pumps = running.services()["pumps"]
    assert pumps["plugin_output"].startswith("WATCHKEEPER CRITICAL - pumps: burst")
    assert "burst" in pumps["long_plugin_output"]
    assert pumps["performance_data"].startswith("incidents=1;;;0 rows=60;;;0")


def test_nagios_takes_passive_results(watched, nagios):
    """What `watchkeeper passive` writes into the command file becomes the services' states; silence
    makes them UNKNOWN.
    """
    exported = watched.watchkeeper("export", "nagios", "--passive", "--freshness-seconds", "4")
    running = nagios(exported).start()

    def handed_in():
        watched.watchkeeper("passive", str(running.command_file), "--once")
        found = running.services().get("pumps", {})  # one look: silence changes it soon
        return found if found.get("current_state") == "2" else None

    pumps = until(handed_in, what="a passive critical")
    assert pumps["plugin_output"].startswith("WATCHKEEPER CRITICAL - pumps: burst")
    assert pumps["performance_data"].startswith("incidents=1")
    assert "[" in pumps["long_plugin_output"]
    until(lambda: running.state("pumps") == 3, what="unknown for want of news")
    assert "no result from Watchkeeper" in running.services()["pumps"]["plugin_output"]


def test_nsca_carries_results(watched, nagios, place, port):
    """Results sent by NSCA, encrypted, arrive at a real Nagios."""
    nsca, send = program("nsca"), program("send_nsca")
    running = nagios(watched.watchkeeper("export", "nagios", "--passive")).start()
    user = getpass.getuser()
    (place / "nsca.cfg").write_text(
        f"pid_file={place}/nsca.pid\nserver_address=127.0.0.1\nserver_port={port}\n"
        f"nsca_user={user}\nnsca_group={user}\ndebug=1\ncommand_file={running.command_file}\n"
        f"alternate_dump_file={place}/nsca.dump\naggregate_writes=0\nappend_to_file=0\n"
        "max_packet_age=0\npassword=s3cret\ndecryption_method=14\n"
    )
    (place / "send.cfg").write_text("password=s3cret\nencryption_method=14\n")
    assert send
    with (place / "nsca.out").open("wb") as out:
        daemon = subprocess.Popen([nsca, "-c", place / "nsca.cfg", "-f"], stdout=out, stderr=out)
    try:
        to, config = f"nsca://127.0.0.1:{port}", str(place / "send.cfg")
        until(lambda: daemon.poll() is not None or answers(port), what="NSCA listening")

        def handed_in():
            watched.watchkeeper("passive", to, "--once", "--nsca-config", config)
            return running.state("pumps") == 2

        until(handed_in, what="a critical by NSCA")
        said = running.services()["pumps"]["plugin_output"]
        assert said.startswith("WATCHKEEPER CRITICAL - pumps: burst")
    finally:
        daemon.kill()
        daemon.wait()


def answers(port):
    """Whether something listens there."""
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def unprivileged():
    """NRPE refuses to run as root; as another user it must still reach our files, wherever they lie."""
    if os.geteuid() != 0:
        return []
    reach = "+dac_override"
    return [
        program("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups",
        f"--inh-caps={reach}", f"--ambient-caps={reach}",
    ]  # fmt: skip


def test_nrpe_runs_the_plugin(watched, place, port):
    """NRPE runs the plugin on its machine, and check_nrpe brings state, text and figures."""
    ask = PLUGINS / "check_nrpe"
    line = f"{PLUGIN} --url {watched.url} --key-file {watched.key_file} -t 60"
    (place / "nrpe.cfg").write_text(
        f"pid_file={place}/nrpe.pid\nserver_address=127.0.0.1\nserver_port={port}\n"
        "allowed_hosts=127.0.0.1\ncommand_timeout=60\n"
        f"command[pumps]={line} --model pumps\ncommand[doors]={line} --model doors\n"
    )
    with (place / "nrpe.out").open("wb") as out:
        daemon = subprocess.Popen(
            [*unprivileged(), program("nrpe"), "-c", place / "nrpe.cfg", "-f"],
            stdout=out,
            stderr=out,
        )
    try:
        until(lambda: daemon.poll() is not None or answers(port), what="NRPE listening")

        def asked(command):
            return subprocess.run(
                [ask, "-H", "127.0.0.1", "-p", str(port), "-c", command, "-t", "60"],
                capture_output=True,
                text=True,
                check=False,
            )

        pumps, doors = asked("pumps"), asked("doors")
        assert (pumps.returncode, pumps.stdout.strip()) == watched.check("--model", "pumps")
        assert (doors.returncode, doors.stdout.strip()) == watched.check("--model", "doors")
    finally:
        daemon.kill()
        daemon.wait()


def test_icinga_reads_the_objects(watched, place):
    """`icinga2 daemon -C` validates the exported command and services."""
    icinga = program("icinga2")
    host = 'object Host "watchkeeper" {\n  check_command = "watchkeeper"\n}\n'
    (place / "wk.conf").write_text(host + watched.watchkeeper("export", "icinga"))
    for below in ("data", "cache", "run", "log"):
        (place / below).mkdir()
    user = getpass.getuser()
    places = [f"DataDir={place}/data", f"CacheDir={place}/cache", f"InitRunDir={place}/run"]
    places += [f"LogDir={place}/log", f"SpoolDir={place}/cache", f"RunAsUser={user}"]
    defines = [f"-D{each}" for each in [*places, f"RunAsGroup={user}"]]

    done = subprocess.run(
        [icinga, "daemon", "-C", "-c", place / "wk.conf", *defines],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ICINGA2_USER": user, "ICINGA2_GROUP": user},
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 Services" in done.stdout
    assert "1 CheckCommand" in done.stdout


def test_stock_plugins_read_our_health(watched):
    """Nagios' own check_http finds the server alive and ready."""
    port = watched.url.rsplit(":", 1)[1]
    for path, word in (("/healthz", "ok"), ("/readyz", "ready")):
        command = [PLUGINS / "check_http", "-I", "127.0.0.1", "-p", port, "-u", path, "-s", word]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_objects_of_many_models_are_read(nagios):
    """A thousand models are two thousand services of one file, which Nagios accepts."""
    names = [f"model-{n:04d}" for n in range(1_000)]

    said = nagios(objects_text(names, Objects("http://127.0.0.1:8711"))).verify()

    assert "Checked 2001 services" in said
    assert "Total Warnings: 0" in said, said
