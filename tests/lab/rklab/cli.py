# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The command line of the lab."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
from pathlib import Path

from . import LabError, Progress, boards, cache, host, inventory, npu, process
from .disks import image, upstream
from .fleets import fleet, mixes, rollout_run
from .fleets.kinds import DEFAULT_KIND, KINDS, LAB
from .options import parser

CHECKOUT = LAB.parent.parent
#: What boards of a kind are called unless named.
PREFIXES = {kind: "rock5b" if kind == DEFAULT_KIND else kind for kind in KINDS}


def state_folder() -> Path:
    """Where running boards keep their files: $RKFLEET_LAB_STATE, or build/lab in the checkout."""
    named = os.environ.get("RKFLEET_LAB_STATE")
    return Path(named).expanduser().absolute() if named else CHECKOUT / "build" / "lab"


def build(state: Path, kind: str, progress: Progress) -> tuple[Path, Path]:
    """The image of a kind of board and the upstream's files, from the cache or built. As root, by sudo if need be."""
    space = KINDS[kind].space_mib
    if not image_kept():
        host.require(host.doctor(state, build_mib=space))
    logs = state / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    files = upstream.files(progress, logs / "upstream-build.log")
    ready = image.board_ready(kind, progress, logs)
    if ready is None:
        host.require(host.doctor(state, build_mib=space))
        progress(f"a board of kind {kind}: its disk image is not in the cache; what must be built says how long it takes")
        if os.geteuid() != 0:
            if as_root(state, ["_image", kind]):
                raise LabError("The disk image could not be built; the reason stands above.")
            ready = image.board_ready(kind, progress, logs)
        else:
            host.prepare()
            ready = image.board(kind, progress, logs)
    return ready, files


def build_several(state: Path, kinds: list[str], progress: Progress) -> None:
    """Fill the cache for these kinds of boards, in this order, and for light ones.

    As root a kernel is compiled while Debian's packages are fetched and installed; else one kind is built after the other.
    """
    if os.geteuid() != 0:
        for kind in kinds:
            build(state, kind, progress)
        return
    host.require(host.doctor(state, build_mib=0 if image_kept() else KINDS[DEFAULT_KIND].space_mib))
    host.prepare()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        beside = pool.submit(_build_beside_kernels, state, kinds, progress)
        for kind in kinds:
            if KINDS[kind].kernel:
                image.kernels(kind, progress, state / "logs")
                build(state, kind, progress)
        beside.result()


def _build_beside_kernels(state: Path, kinds: list[str], progress: Progress) -> None:
    """Build what needs no kernel of the lab's own: Debian's trees and packages, and the boards with Debian's kernel."""
    logs = state / "logs" / "beside-kernels"
    logs.mkdir(parents=True, exist_ok=True)
    fleet.tree(progress, logs / "light-build.log")
    fleet.tree(progress, logs / "light-build.log", upgradable=True)
    fleet.files(progress, logs / "light-build.log")
    for kind in kinds:
        made_of = KINDS[kind]
        image.base(made_of.suite, progress, logs / "image-build.log")
        if made_of.offered:
            image.fetched(made_of.suite, made_of.offered, progress, logs / "image-build.log")
        if not made_of.kernel:
            image.board(kind, progress, logs)


def as_root(state: Path, words: list[str]) -> int:
    """Run a command of the lab by sudo, with the same cache and state folder; its exit code."""
    cache.root().mkdir(parents=True, exist_ok=True)
    named = {**os.environ, "RKFLEET_LAB_CACHE": str(cache.root()), "RKFLEET_LAB_STATE": str(state)}
    variables = [f"{name}={value}" for name, value in named.items() if name.startswith("RKFLEET_LAB_")]
    return subprocess.run(host.privileged(["env", *variables, sys.executable, str(LAB / "lab"), *words]), check=False).returncode


def image_kept() -> bool:
    """Whether an image is in the cache, so that the machine need not be able to make one (unless its inputs have changed)."""
    return any(cache.root().glob("board-*"))


def write_inventory(lab: boards.Lab) -> Path | None:
    """Write inventory.yml for the boards that run; without any there is no inventory."""
    path = lab.state / "inventory.yml"
    server = lab.data["server"]
    running = [name for name in lab.names() if lab.running(name)]
    if not running or not server:
        path.unlink(missing_ok=True)
        return None
    ports = {name: lab.board(name)["port"] for name in running}
    data = inventory.data(ports, f"http://127.0.0.1:{server['port']}", upstream.compatibility(Path(server["folder"])))
    boards.write(path, inventory.text(data))
    return path


def serve(lab: boards.Lab, files: Path) -> None:
    """Have the file server run on *files*."""
    server = lab.data["server"] or {}
    if process.alive(server.get("process")) and server["folder"] == str(files):
        return
    process.end(server.get("process"))
    port = server.get("port")
    port = boards.settled_port(port) if port else boards.free_port()
    lab.data["server"] = upstream.start(files, port, lab.logs / "upstream.log")
    lab.save()
    lab.progress(f"a file server on 127.0.0.1:{port} plays upstream (stand-ins, not the vendor's files)")


def up(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Start boards."""
    names = options.names or [f"{PREFIXES[options.kind or DEFAULT_KIND]}-{number + 1}" for number in range(options.count)]
    kinds = {name: boards.kind_of(lab, name, options.kind) for name in names}
    ready = {}
    for kind in sorted(set(kinds.values())):
        ready[kind], files = build(lab.state, kind, lab.progress)
    host.require(host.doctor(lab.state, sum(not lab.running(name) for name in names)))
    serve(lab, files)
    fresh = []
    for name, kind in kinds.items():
        if lab.running(name):
            if lab.board(name)["image"] != str(ready[kind]):
                lab.progress(f"{name} runs on an older image; for the new one: tests/lab/lab reset --cold {name}")
            continue
        known = lab.data["boards"].get(name)
        if not known or known["image"] != str(ready[kind]) or not (lab.folder(name) / "disk.qcow2").exists():
            lab.progress(f"{name}: a new disk" + (", as the image has changed" if known else ""))
            lab.make(name, kind, ready[kind])
            fresh.append(name)
        lab.start(name)
        lab.progress(f"{name}: power on (about 20 s to ssh; kernel {lab.board(name)['release']})")
    lab.wait([name for name in names if name not in fresh], options.limit)
    first_boot(lab, fresh, options.limit)
    lab.progress(f"inventory: {write_inventory(lab)}")


def down(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Stop boards; the last one takes the file server with it."""
    for name in options.names or lab.names():
        was = lab.running(name)
        lab.stop(name, hard=options.purge)
        if options.purge:
            lab.forget(name)
        lab.progress(f"{name}: {'stopped' if was else 'was not running'}{', its disk removed' if options.purge else ''}")
    if not any(lab.running(name) for name in lab.names()):
        server = lab.data["server"]
        if server:
            process.end(server["process"])
            server["process"] = None
            lab.save()
    write_inventory(lab)


def down_everywhere(options: argparse.Namespace, progress: Progress) -> None:
    """Stop the boards and light boards of every state folder in this checkout's build folder, and of the one in use."""
    found = {path.parent for depth in ("*", "*/*") for path in (CHECKOUT / "build").glob(f"{depth}/boards.json")}
    light_too = {path.parent.parent for depth in ("*", "*/*") for path in (CHECKOUT / "build").glob(f"{depth}/fleet/boards")}
    problems = []
    for state in sorted({*found, *light_too, *(state for state in [state_folder()] if (state / "boards.json").exists())}):
        try:
            with cache.lock(state, progress):
                down(boards.Lab(state, progress), argparse.Namespace(names=[], purge=options.purge))
            if state in light_too:
                run_fleet(state, ["fleet", "down"], progress)
        except LabError as problem:
            problems.append(f"{state}: {problem}")
    if problems:
        raise LabError("Not every board could be stopped. " + " ".join(problems))


def status(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Say what runs."""
    rows = []
    for name in lab.names():
        board = lab.board(name)
        running = lab.running(name)
        state = "stopped" if not running else "ready" if boards.banner(board["port"]) else "booting"
        known = {"kind": boards.kind(board), "port": board["port"], "kernel": board["release"], "serial": board["serial"]}
        rows.append({"name": name, "state": state, **known, "log": str(lab.serial_log(name))})
    server = lab.data["server"] or {}
    serving = process.alive(server.get("process"))
    if options.json:
        print(json.dumps({"boards": rows, "server": {"running": serving, "port": server.get("port")}, "cache": str(cache.root())}, indent=1))
        return
    for row in rows:
        print(f"{row['name']:14} {row['state']:8} 127.0.0.1:{row['port']:<6} {row['kind']:8} {row['kernel']}  serial console: {row['log']}")
    if not rows:
        print("There are no boards. Start one: tests/lab/lab up")
    print(f"file server    {'ready   ' if serving else 'stopped '} 127.0.0.1:{server.get('port', '-')}  (stand-ins, not the vendor's files)")
    print(f"cache          {cache.root()}")


def reset(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Back to the untouched disk."""
    fresh = []
    for name in options.names:
        board = lab.board(name)
        if board.get("snapshot") and not options.cold and (Path(board["image"]) / "disk.raw").exists():
            lab.progress(f"{name}: back to its first boot")
            try:
                lab.restore(name)
                continue
            except LabError as problem:
                lab.progress(f"{name}: that failed ({str(problem).splitlines()[0]})")
        kind = boards.kind(board)
        ready, _files = build(lab.state, kind, lab.progress)
        lab.stop(name, hard=True)
        lab.make(name, kind, ready)
        lab.start(name)
        lab.progress(f"{name}: untouched disk, power on")
        fresh.append(name)
    first_boot(lab, fresh, options.limit)
    if not process.alive((lab.data["server"] or {}).get("process")):
        serve(lab, upstream.files(lab.progress, lab.logs / "upstream-build.log"))
    write_inventory(lab)


def first_boot(lab: boards.Lab, names: list[str], limit: float) -> None:
    """Wait for boards with a new disk, and keep them as they then are for a quick reset."""
    lab.wait(names, limit)
    for name in names:
        lab.keep(name)


def power_cut(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Pull the plug."""
    for name in options.names:
        lab.board(name)
        if not lab.running(name):
            raise LabError(f"{name} is not running.", f"Start it: tests/lab/lab up {name}")
        lab.stop(name, hard=True)
        lab.progress(f"{name}: power cut")
        if options.restart:
            lab.start(name)
    if options.restart:
        lab.wait(options.names, options.limit)
    write_inventory(lab)


def ssh(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Log in to a board, or run a command there."""
    if not lab.running(options.name):
        lab.board(options.name)
        raise LabError(f"{options.name} is not running.", f"Start it: tests/lab/lab up {options.name}")
    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    command = lab.ssh(options.name, words)
    os.execvp(command[0], command)


def light_boards(lab: boards.Lab, options: argparse.Namespace) -> None:
    """Start or stop light boards, or say what runs."""
    boards_there = fleet.Fleet(lab)
    if options.what == "up":
        settings = {name: f"{getattr(options, name.replace('-', '_'))}\n" for name in rollout_run.SETTINGS}
        boards_there.up(options.count, options.mix, options.network, settings)
    elif options.what == "fault":
        boards_there.fault(options.name, options.fault)
    elif options.what == "journal":
        journals = rollout_run.journals(boards_there.folder / "boards", boards_there.names())
        print(json.dumps(journals, indent=1) if options.json else rollout_run.journal_text(journals))
    elif options.what == "down":
        count = boards_there.down()
        lab.progress(f"{count} light boards stopped" if count else "no light boards ran")
    else:
        running, figures = boards_there.running(), boards_there.memory_mib()
        numbers = {name: sum(board["kind"] == name for board in boards_there.data["boards"].values()) for name in mixes.kinds()}
        if options.json:
            print(json.dumps({"running": running, "memory": figures, "boards": boards_there.status()}, indent=1))
            return
        for name, kind in mixes.kinds().items():
            print(f"{numbers[name]:4} {name:21} {kind['title']}")
        print(f"{len(running):4} run, on {boards_there.data['network'] or 'no network'}: {figures['processes']} processes with {figures['processes_mib']} MiB,"
              f" {figures['disks_mib']} MiB on their disks")


def doctor(state: Path, options: argparse.Namespace) -> int:
    """Say what is missing on this machine."""
    findings = host.doctor(state, build_mib=0 if image_kept() else KINDS[DEFAULT_KIND].space_mib)
    if options.json:
        print(json.dumps(host.as_data(findings), indent=1))
    else:
        print(host.report(findings))
    return 0 if all(finding.ok for finding in findings) else 1


def run_fleet(state: Path, words: list[str], progress: Progress) -> int:
    """Run a `fleet` command on the light boards of a state folder, as root; the exit code."""
    if os.geteuid() != 0:
        return as_root(state, words)
    options = parser().parse_args(words)
    if options.what in {"status", "journal", "fault"}:
        light_boards(boards.Lab(state, progress), options)
        return 0
    try:
        with cache.lock(state, progress):
            light_boards(boards.Lab(state, progress), options)
    finally:
        fleet.hand_over(state)
    return 0


def run(words: list[str]) -> int:
    """Do what the command line says; the exit code."""
    if words[:1] == ["_serve"]:
        upstream.serve(Path(words[1]), int(words[2]))
        return 0
    if words[:1] == ["_npu"]:
        npu.main(words[1], boards.monitor)
        return 0
    state = state_folder()
    progress = Progress()
    if words[:1] == ["_image"]:
        host.prepare()
        try:
            image.board(words[1], progress, state / "logs")
        finally:
            cache.hand_over(state / "logs")
        return 0
    options = parser().parse_args(words)
    if options.command == "doctor":
        return doctor(state, options)
    if options.command == "install-host-packages":
        installed = host.install(state / "logs" / "host-packages.log", progress)
        progress(f"installed: {' '.join(installed)}" if installed else "nothing was missing")
        return 0
    if options.command == "fleet":
        return run_fleet(state, words, progress)
    if options.command == "down" and options.everywhere:
        if options.names:
            raise LabError("With --everywhere no board can be named: it stops all of them.")
        down_everywhere(options, progress)
        return 0
    if options.command in {"status", "ssh"}:
        {"status": status, "ssh": ssh}[options.command](boards.Lab(state, progress), options)
        return 0
    if options.command in {"up", "build"}:
        if getattr(options, "count", 1) < 1:
            raise LabError("--count starts at 1.")
        packages = [finding for finding in host.doctor(state) if finding.name in {"system", "python", "packages"}]
        host.require(packages)
    if options.command == "build":
        kinds = list(KINDS) if "all" in options.kind else options.kind
        if len(kinds) > 1:
            build_several(state, kinds, progress)
            return 0
        for folder in build(state, kinds[0], progress):
            progress(f"ready: {folder}")
        return 0
    with cache.lock(state, progress):
        {"up": up, "down": down, "reset": reset, "power-cut": power_cut, "npu": npu.change}[options.command](boards.Lab(state, progress), options)
    return 0


def main(words: list[str]) -> int:
    """The lab's command line; expected failures are one message and exit code 1."""
    try:
        return run(words)
    except LabError as problem:
        print(f"lab: {problem}", file=sys.stderr)
        if problem.remedy:
            print(f"     {problem.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("lab: interrupted; what was being built is built anew the next time", file=sys.stderr)
        return 130
