# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""What a boot implies on an upgradable light board, and the modules that its stand-in for a compiler writes."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

LAB = Path(__file__).resolve().parents[2] / "lab"
sys.path[:0] = [str(LAB), str(LAB / "board")]

import boot_model as model  # noqa: E402
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.module import module_layout  # noqa: E402
from rklab import LabError  # noqa: E402
from rklab.fleets import mixes, rollout, rollout_run  # noqa: E402

RELEASE = "6.1.43-15-rk2312"
MENU = f"""\
default l0
menu title U-Boot menu

label l1
\tlinux /boot/vmlinuz-6.1.84
\tappend root=LABEL=root

label l0
\tmenu label Debian
\tlinux /boot/vmlinuz-{RELEASE}
\tinitrd /boot/initrd.img-{RELEASE}
\tappend root=LABEL=root ro initcall_blacklist=rknpu_init
"""
GRUB = f"""\
set default="0"
menuentry 'Debian' --class gnu-linux {{
\tlinux\t/boot/vmlinuz-{RELEASE} root=UUID=1 ro  quiet
\tinitrd\t/boot/initrd.img-{RELEASE}
}}
menuentry 'older' {{
\tlinux\t/boot/vmlinuz-5.10 root=UUID=1
}}
"""


def test_u_boot_takes_the_default_entry():
    path, arguments = model.extlinux(MENU)
    assert (model.release_of(path), arguments) == (RELEASE, "root=LABEL=root ro initcall_blacklist=rknpu_init")
    # Without a default, or with one that is not there, it is the first.
    assert model.extlinux(MENU.replace("default l0", "default l7"))[0] == "/boot/vmlinuz-6.1.84"


def test_grub_takes_the_first_entry_and_names_it_to_the_kernel():
    path, arguments = model.grub(GRUB)
    assert model.release_of(path) == RELEASE
    assert arguments == f"BOOT_IMAGE=/boot/vmlinuz-{RELEASE} root=UUID=1 ro  quiet"


def test_orange_pi_adds_the_variable_of_its_environment():
    arguments = model.environment("verbosity=1\nextraargs=cma=128M initcall_blacklist=rknpu_init\nrootdev=UUID=1\n")
    assert arguments.startswith("root=UUID=1 rootwait ")
    assert model.blacklisted(arguments) == {"rknpu_init"}


@pytest.mark.parametrize(
    "read",
    [
        lambda: model.extlinux("default l0\n"),
        lambda: model.grub("set default=0\n"),
        lambda: model.environment("extraargs=quiet\n"),
    ],
)
def test_a_configuration_without_a_kernel_starts_none(read):
    with pytest.raises(model.NoBoot):
        read()


@pytest.mark.parametrize(
    "cmdline, names",
    [
        ("quiet", set()),
        ("initcall_blacklist=rknpu_init", {"rknpu_init"}),
        ("initcall-blacklist=a,rknpu_init,", {"a", "rknpu_init"}),
        ("initcall_blacklist=a initcall_blacklist=b", {"a", "b"}),
        ("xinitcall_blacklist=a", set()),
    ],
)
def test_init_functions_are_left_out_as_the_kernel_reads_its_arguments(cmdline, names):
    assert model.blacklisted(cmdline) == names


@pytest.mark.parametrize(
    "version, cmdline, runs",
    [
        ("0.9.3", "quiet", True),
        ("0.9.3", "initcall_blacklist=rknpu_init", False),
        ("0.9.3", "initcall_blacklist=other", True),
        (None, "quiet", False),
    ],
)
def test_the_built_in_driver_runs_unless_it_is_blacklisted(version, cmdline, runs):
    assert model.builtin_runs(version, cmdline) is runs


def test_the_version_of_a_built_in_driver_is_in_the_kernels_own_list():
    assert model.builtin_version(b"a.b=c\0rknpu.version=0.9.3\0rknpu.license=GPL\0") == "0.9.3"
    assert model.builtin_version(b"panthor.version=1.0\0") is None


@pytest.mark.parametrize(
    "name, release, loaded, has_builtin, registered, error",
    [
        ("rknpu_dkms", RELEASE, [], True, False, 0),
        ("rknpu", RELEASE, [], False, False, 0),
        # The built-in driver is bound: the module's is the second one of that name.
        ("rknpu_dkms", RELEASE, [], True, True, errno.EBUSY),
        # Blacklisted or not, the name of a built-in is taken.
        ("rknpu", RELEASE, [], True, False, errno.EEXIST),
        ("rknpu_dkms", RELEASE, ["rknpu_dkms"], True, True, errno.EEXIST),
        ("rknpu_dkms", "6.1.84-8-rk2410", [], True, False, errno.ENOEXEC),
    ],
)
def test_a_module_is_refused_as_the_kernel_refuses_it(name, release, loaded, has_builtin, registered, error):
    info, versions = model.module_info(model.module_file(name, release, "0.9.6"))
    assert (
        model.load_error(info, RELEASE, loaded, has_builtin, registered, versions, model.exported(RELEASE)) == error
    )


def test_a_module_with_other_symbol_versions_is_refused():
    info, versions = model.module_info(model.module_file("rknpu_dkms", RELEASE, "0.9.6"))
    assert (
        model.load_error(info, RELEASE, [], True, False, dict(versions, _printk=1), model.exported(RELEASE))
        == errno.EINVAL
    )


@pytest.mark.parametrize(
    "driver, fault, answer",
    [
        ("builtin", "none", "fail"),
        ("module", "none", "ok"),
        ("module", "inference-fails", "fail"),
        ("builtin", "inference-fails", "fail"),
    ],
)
def test_jobs_are_answered_as_the_driver_and_the_fault_imply(driver, fault, answer):
    assert model.submit(driver, "fail", fault, "ok") == answer


def test_a_driver_binds_unless_that_is_the_fault():
    assert [fault for fault in model.FAULTS if not model.binds(fault)] == ["no-bind"]


def test_modules_are_loaded_as_modules_load_d_lists_them():
    assert model.wanted_modules(["# comment\nlp\n; other\n\n", "rknpu_dkms\nlp\n"]) == ["lp", "rknpu_dkms"]


def test_a_built_module_is_one_by_the_collections_own_reading():
    ours = module_layout.layout(model.module_file("rknpu_dkms", RELEASE, "0.9.6"))
    theirs = module_layout.layout(model.module_file("panthor", RELEASE, intree=True))
    assert (theirs["intree"], ours["intree"]) == (True, False)
    assert module_layout.differences(ours, theirs) == []
    other = module_layout.layout(model.module_file("panthor", "6.1.84-8-rk2410", intree=True))
    assert any("vermagic" in text for text in module_layout.differences(ours, other))


def test_the_same_source_gives_the_same_module():
    assert model.module_file("rknpu", RELEASE, "0.9.6", "A") == model.module_file("rknpu", RELEASE, "0.9.6", "A")
    assert model.module_file("rknpu", RELEASE, "0.9.6", "A") != model.module_file("rknpu", RELEASE, "0.9.6", "B")


@pytest.mark.parametrize("content", [b"", b"\x7fELF\x02\x01", bytes(100), model.module_file("rknpu", RELEASE)[:200]])
def test_what_is_no_module_is_refused(content):
    with pytest.raises(ValueError, match="ELF"):
        model.module_info(content)


# -- the kinds -----------------------------------------------------------------------------------------------------


def test_the_mix_for_rollouts_has_four_kernels_and_three_boot_loaders():
    kinds = rollout.kinds()
    taken = [kinds[name] for name in mixes.take("rollout", 200)]
    assert all(name.startswith("rollout-") for name in kinds)
    assert len({kind["release"] for kind in taken}) == 4
    assert {kind["loader"] for kind in taken} == set(model.LOADERS)
    for key in ("release", "loader"):
        assert min([kind[key] for kind in taken].count(value) for value in {kind[key] for kind in taken}) >= 20
    assert mixes.take("rollout", 20) == mixes.take("rollout", 200)[:20]


def test_other_mixes_have_none_of_them_unless_they_are_named():
    assert not set(mixes.take("mixed", 200)) & set(rollout.kinds())
    mix = ["rollout-rk2312-grub", "rollout-orangepi-61"]
    assert set(mixes.take(",".join(mix), 4)) == set(mix)
    with pytest.raises(LabError, match="cannot be in one fleet"):
        mixes.take("rollout-rk2312-grub,rock3a", 2)
    with pytest.raises(LabError, match="no light board of kind rock9"):
        mixes.take("rollout-rk2312-grub,rock9", 2)


def test_a_kind_with_an_unknown_fault_or_key_is_refused(tmp_path, monkeypatch):
    text = next(rollout.FOLDER.glob("*.toml")).read_text()
    monkeypatch.setattr(rollout, "FOLDER", tmp_path)
    for line, message in (('fault = "moody"\n', "the fault one of none"), ('relaese = "6.1"\n', "has relaese")):
        (tmp_path / "odd.toml").write_text(text + line)
        with pytest.raises(LabError, match=message):
            rollout.kinds()


def test_a_line_that_is_being_written_does_not_hide_the_journal(tmp_path):
    (tmp_path / "one/lab").mkdir(parents=True)
    (tmp_path / "one/lab/journal").write_text(
        '{"at": 2.5, "event": "boot"}\n{"at": 1.0, "event": "power-on"}\n{"at": 3'
    )
    assert [entry["event"] for entry in rollout_run.journals(tmp_path, ["one", "two"])["one"]] == ["power-on", "boot"]
    assert rollout_run.journals(tmp_path, ["two"]) == {"two": []}


def test_a_fault_is_set_and_taken_back(tmp_path):
    rollout_run.set_fault(tmp_path, "silent")
    assert (tmp_path / "silent").exists() and rollout_run.state(tmp_path)["fault"] == "silent"
    rollout_run.set_fault(tmp_path, "none")
    assert not (tmp_path / "silent").exists() and rollout_run.state(tmp_path) == {
        "fault": "none",
        "boots": 0,
        "kernel": None,
        "driver": None,
    }
