# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Make what the tests and the demo run in: virtual environments and the collection's place.

As a command it prepares the checkout: `.venv` (a link to a cached virtual environment with
tests/requirements.txt) and `build/collections` (where Ansible finds the checkout as rkfleet.npu).
A second run costs nothing. ANSIBLE_CORE in the environment names another ansible-core than that of
tests/requirements.txt: `make unit ANSIBLE_CORE=2.18.19`. Only the standard library, and readable by an
old Python, which has to get as far as saying that it is too old.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / "build" / "collections"
# Every ansible-core the collection supports beside the one of tests/requirements.txt -> a Python it runs under.
CORES = {"2.18.19": "3.11", "2.20.10": "3.12", "2.21.5": "3.13"}
# The newest release candidate, if there is one of a release that is not in CORES yet -> a Python it runs under.
CANDIDATE = {"2.22.0rc1": "3.13"}
CONTROLLER_PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def cache_folder():
    """Return the folder of the virtual environments, shared by all checkouts of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or str(pathlib.Path.home() / ".cache")
    return pathlib.Path(base) / "rkfleet-npu-venvs"


def find_python(version):
    """Return the path of a working interpreter of `version` ("3.12"), or None.

    Looks on PATH and where pyenv keeps its versions; a pyenv shim that answers nothing is passed over.
    """
    candidates = [shutil.which("python" + version), "/usr/bin/python" + version]
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    candidates += sorted(pyenv.glob("versions/" + version + ".*/bin/python"), reverse=True)
    question = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for candidate in candidates:
        if not candidate or not os.path.exists(str(candidate)):
            continue
        answer = subprocess.run(
            [str(candidate), "-I", "-c", question], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        words = answer.stdout.decode().split(None, 1)
        if answer.returncode == 0 and words[0] == version:
            return pathlib.Path(words[1].strip())
    return None


def make_venv(python, requirements, say=lambda line: None):
    """Return a virtual environment of `python` (a path) with `requirements` (lines for pip) in it.

    The folder's name is a digest of both, so whatever bears the right name is right and is used as it is.
    Raises subprocess.CalledProcessError when pip fails; half an environment is never left under the final name.
    """
    wanted = [line for line in (line.split("#")[0].strip() for line in requirements) if line]
    digest = hashlib.sha256("\n".join([str(python), *sorted(wanted)]).encode()).hexdigest()[:12]
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / ("venv-" + digest)
    stamp = folder / ".complete"
    with open(str(cache / ("venv-" + digest + ".lock")), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            # Scripts in a virtual environment name its path, so it is made in place, and the stamp comes last.
            say("making a virtual environment with {0} packages (about a minute, once)".format(len(wanted)))
            shutil.rmtree(str(folder), ignore_errors=True)
            subprocess.run([str(python), "-m", "venv", str(folder)], check=True)
            subprocess.run(
                [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *wanted],
                check=True,
            )
            stamp.touch()
    return folder


def unpacked(requirement, prefixes):
    """Return a cached folder with the files of a wheel on PyPI (`name==version`) that begin with one of `prefixes`.

    For what a test uses a part of, and what is not to be installed. Raises subprocess.CalledProcessError if PyPI cannot
    be reached.
    """
    digest = hashlib.sha256("\n".join([requirement, *prefixes]).encode()).hexdigest()[:12]
    folder = cache_folder() / ("part-" + digest)
    if not folder.exists():
        cache_folder().mkdir(parents=True, exist_ok=True)
        new = pathlib.Path(tempfile.mkdtemp(dir=str(cache_folder())))
        try:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps",
                 "--only-binary=:all:", "--dest", str(new), requirement],
                check=True,
            )
            with zipfile.ZipFile(str(next(new.glob("*.whl")))) as wheel:
                wheel.extractall(str(new / "files"), [name for name in wheel.namelist() if name.startswith(prefixes)])
            try:
                os.replace(str(new / "files"), str(folder))
            except OSError:  # another run was faster
                if not folder.exists():
                    raise
        finally:
            shutil.rmtree(str(new), ignore_errors=True)
    return folder


def requirements(core=None):
    """Return the lines of tests/requirements.txt, with ansible-core in version `core` where one is given."""
    lines = (ROOT / "tests" / "requirements.txt").read_text().splitlines()
    pinned = "ansible-core=="
    return [pinned + core if core and line.startswith(pinned) else line for line in lines]


def relink(link, target):
    """Make `link` a symbolic link to `target`, whatever was there before, without a moment of absence."""
    if link.is_symlink() and os.readlink(str(link)) == str(target):
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    new = link.with_name(link.name + ".new")
    if new.is_symlink():
        new.unlink()
    new.symlink_to(target)
    os.replace(str(new), str(link))


def project_files():
    """Return the checkout's files (relative, sorted): tracked, and new ones that git does not ignore."""
    listing = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE, check=True,
    ).stdout.decode()
    names = sorted(set(name for name in listing.split("\0") if name))
    return [name for name in names if os.path.lexists(str(ROOT / name))]


def copy_project(folder):
    """Copy the project's files to `folder`, which is emptied first, and return it."""
    shutil.rmtree(str(folder), ignore_errors=True)
    for name in project_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(str(ROOT / name), str(target), follow_symlinks=False)
    return folder


def stubbed_project(place, stubs):
    """Return `place` with a copy of the collection without tests, some files of which are stubs, `{path: text}`."""
    copy = copy_project(place / "ansible_collections/rkfleet/npu")
    shutil.rmtree(str(copy / "tests"))
    for name, text in stubs.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text(text, encoding="utf-8")
    return place


def controller_python():
    """Return the path of a Python that runs Ansible here. LookupError: there is none, and what to install."""
    python = next((path for path in map(find_python, CONTROLLER_PYTHONS) if path), None)
    if python is None:
        raise LookupError(
            "Python 3.11 or newer with its venv module is missing (this is {0}.{1}).\n"
            "    Debian 12 and later, Ubuntu 24.04 and later: apt-get install python3-venv\n"
            "    Ubuntu 22.04: apt-get install python3.11-venv".format(*sys.version_info[:2])
        )
    return python


def main():
    """Prepare the checkout and say in a line or two what was done, or what is missing."""
    def say(line):
        print("rkfleet.npu: " + line, file=sys.stderr, flush=True)

    if not shutil.which("git"):
        say("git is missing: apt-get install git")
        return 1
    core = os.environ.get("ANSIBLE_CORE")
    known = dict(CORES, **CANDIDATE)
    if core and core not in known and "ansible-core==" + core not in requirements():
        say("ansible-core {0} is not one of those that are tested: tests/environment.py lists them".format(core))
        return 1
    try:
        python = find_python(known[core]) if core in known else controller_python()
        if python is None:
            raise LookupError("Python {0} is missing, under which ansible-core {1} is tested".format(known[core], core))
        folder = make_venv(python, requirements(core), say)
    except LookupError as error:
        say(error.args[0])
        return 1
    except subprocess.CalledProcessError as error:
        say("the virtual environment could not be made: {0}".format(error))
        return 1
    relink(ROOT / ".venv", folder)
    relink(COLLECTIONS / "ansible_collections" / "rkfleet" / "npu", ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
