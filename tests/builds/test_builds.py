# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The driver is built for every kind of kernel an owner may have, and what a kernel lacks is found and supplied."""

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_log
from builds.conftest import OWN, Builder

# What gcc 14, the compiler of these kernels, refuses and an older one lets pass.
STRICT = "KCFLAGS=-Werror=incompatible-pointer-types -Werror=int-conversion -Werror=implicit-function-declaration"

# Suite, version, module's name, and what the probes say there.
OLD = {"vm_flags_set": "missing, supplied", "interfaces as in 6.1": "present"}
TRIXIE = {
    "vm_flags_set": "present", "remove_returns_int": "missing, bridged", "hrtimer_init": "present", "import_ns_bare": "present",
    "drm_driver_date": "present", "iova_cookie_typed": "present",
}
NEWEST = {
    "vm_flags_set": "present", "remove_returns_int": "missing, bridged", "hrtimer_init": "missing, bridged",
    "import_ns_bare": "missing, bridged", "drm_driver_date": "missing, bridged", "iova_cookie_typed": "missing, bridged",
    "linux/pfn_t.h": "missing, supplied",
}
DEBIAN = [
    pytest.param("bullseye", "0.9.6", "rknpu", OLD),
    pytest.param("bullseye", "0.9.8", "rknpu_dkms", OLD),
    pytest.param("bookworm", "0.9.6", "rknpu", OLD, marks=pytest.mark.case(
        case="Debian's stock kernel 6.1: what the vendor's own source, unmodified, is known to ask of a kernel", plan="dkms",
        result="0.9.6 and 0.9.8 build as rknpu and rknpu_dkms; nothing is wanted that the kernel does not export")),
    pytest.param("bookworm", "0.9.6", "rknpu_dkms", OLD),
    pytest.param("bookworm", "0.9.8", "rknpu", OLD),
    pytest.param("bookworm", "0.9.8", "rknpu_dkms", OLD),
    pytest.param("trixie", "0.9.6", "rknpu", TRIXIE, marks=pytest.mark.case(
        case="kernel whose headers define vm_flags_set already (mainline 6.3 and newer; here Debian's 6.12, with 6.11's remove() too)",
        plan="dkms", result="found by a probe and not defined again")),
    pytest.param("trixie", "0.9.8", "rknpu_dkms", TRIXIE),
    pytest.param("trixie-backports", "0.9.6", "rknpu", NEWEST),
    pytest.param("trixie-backports", "0.9.8", "rknpu_dkms", NEWEST, marks=pytest.mark.case(
        case="kernels 6.13 (MODULE_IMPORT_NS takes a string), 6.14 (no DRM driver date), 6.15 (hrtimer_setup, IOMMU cookie) and 6.16 (no pfn_t)",
        plan="dkms", result="each bridged by a probe; built with the headers of Debian's newest kernel")),
]


@pytest.mark.parametrize(("suite", "version", "module", "probes"), DEBIAN)
def test_debians_kernels(builder, suite, version, module, probes):
    headers = builder.headers(suite)
    built = builder.build(headers, builder.source(version, module, interfaces=True), STRICT)
    assert built.rc == 0, built.log
    assert {name: built.probes.get(name) for name in probes} == probes
    assert built.probes["rockchip_iommu_is_enabled"] == "missing, supplied"
    assert built.probes["devfreq"] == "left out, not here: soc/rockchip/rockchip_opp_select.h"
    assert built.modinfo("name") == module
    assert built.modinfo("vermagic").split()[0] == headers.release
    assert built.modinfo("version") == version
    assert built.wanted <= headers.symvers
    assert "rkfleet_rknpu_init" in built.functions and "rknpu_init" not in built.functions
    assert "rknpu_uses_fault" in built.functions, "the files with the vendor's interfaces were not built"


@pytest.mark.case(
    case="vendor kernel 6.1 whose linux/version_compat_defs.h defines vm_flags_set", plan="dkms", result="found by a probe and not defined again")
def test_a_vendors_header_with_vm_flags_set(builder):
    headers = builder.vendor("bookworm")
    headers.holds("include/linux/version_compat_defs.h", """
#include <linux/version.h>
#include <linux/mm.h>
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags) { vma->vm_flags |= flags; }
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags) { vma->vm_flags &= ~flags; }
""")
    built = builder.build(headers, builder.source("0.9.6"))
    assert built.rc == 0, built.log
    assert built.probes["vm_flags_set"] == "present"


@pytest.mark.parametrize(("module", "exported"), [("rknpu", True), ("rknpu_dkms", False)])
def test_a_vendor_kernel_without_governor_h_gets_frequency_scaling(builder, module, exported):
    headers = builder.vendor("bookworm")
    built = builder.build(headers, builder.source("0.9.8", module, interfaces=True))
    assert built.rc == 0, built.log
    assert built.probes["devfreq"] == "present: with frequency scaling"
    assert built.probes["drivers/devfreq/governor.h"] == "missing, supplied"
    assert {"devfreq_add_governor", "devfreq_remove_governor", "rockchip_init_opp_table", "rockchip_iommu_is_enabled"} <= built.wanted
    assert built.wanted <= headers.symvers
    assert ("rknpu_devfreq_lock" in built.exported) is exported
    assert bool(built.exported) is exported


def test_a_vendor_kernel_with_governor_h_is_built_with_its_own(builder):
    headers = builder.vendor("bookworm")
    headers.holds("drivers/devfreq/governor.h", """
#include <linux/devfreq.h>
struct devfreq_governor {
    struct list_head node;
    const char name[16];
    const u64 attrs, flags;
    int (*get_target_freq)(struct devfreq *devfreq, unsigned long *freq);
    int (*event_handler)(struct devfreq *devfreq, unsigned int event, void *data);
};
int devfreq_add_governor(struct devfreq_governor *governor);
int devfreq_remove_governor(struct devfreq_governor *governor);
""")
    built = builder.build(headers, builder.source("0.9.6"))
    assert built.rc == 0, built.log
    assert built.probes["devfreq"] == "present: with frequency scaling"
    assert built.probes["drivers/devfreq/governor.h"] == "present"
    assert "rkfleet_add_governor" not in built.functions
    assert built.wanted <= headers.symvers


OPP = "include/soc/rockchip/rockchip_opp_select.h"


def without(headers, function):
    """Take a function out of the vendor's header and out of what the kernel exports."""
    text = (headers.tree / OPP).read_text()
    start = text.index(function)
    start = max(text.rindex(word, 0, start) for word in ("\nint ", "\nvoid ") if word in text[:start])
    headers.holds(OPP, text[:start] + text[text.index(";", start) + 1:])
    symvers = headers.tree / "Module.symvers"
    symvers.write_text("".join(line for line in symvers.read_text().splitlines(True) if "\t%s\t" % function not in line))


@pytest.mark.parametrize(("suite", "version", "function", "probe"), [
    pytest.param("bullseye", "0.9.6", "rockchip_uninit_opp_table", "opp_uninit", marks=pytest.mark.case(
        case="BSP 5.10 without rockchip_uninit_opp_table (before 5.10.198)", plan="dkms_over_builtin",
        result="supplied by a shim; built with frequency scaling")),
    pytest.param("bookworm", "0.9.8", "rockchip_opp_set_low_length", "opp_set_low_length", marks=pytest.mark.case(
        case="BSP 6.1.43 without rockchip_opp_set_low_length", plan="dkms_over_builtin", result="supplied by a shim; built with frequency scaling")),
])
def test_older_vendor_kernels(builder, suite, version, function, probe):
    headers = builder.vendor_5_10() if suite == "bullseye" else builder.vendor(suite)
    without(headers, function)
    built = builder.build(headers, builder.source(version, "rknpu_dkms", interfaces=True))
    assert built.rc == 0, built.log
    assert built.probes[probe] == "missing, supplied"
    assert built.probes["devfreq"] == "present: with frequency scaling"
    assert function not in built.wanted
    assert built.wanted <= headers.symvers


def test_opp_code_that_cannot_be_compiled_is_omitted(builder):
    headers = builder.vendor("bookworm")
    without(headers, "rockchip_opp_dvfs_lock")
    built = builder.build(headers, builder.source("0.9.6", "rknpu_dkms"))
    assert built.rc == 0, built.log
    assert built.probes["devfreq"].startswith("left out, not here: a compilable rknpu_devfreq.c (rknpu_devfreq.c:")
    assert "rockchip_opp_dvfs_lock" in built.losses["devfreq"]
    assert built.wanted <= headers.symvers


@pytest.mark.parametrize(("exported", "said"), [
    (False, "set, but without SRAM and with one IOMMU domain, not here: iommu_get_dma_cookie"),
    (True, "set: with SRAM and several IOMMU domains"),
])
def test_no_gki(builder, exported, said):
    headers = builder.vendor("bookworm")
    headers.sets("CONFIG_NO_GKI")
    if exported:
        headers.exports("iommu_get_dma_cookie")
    built = builder.build(headers, builder.source("0.9.6"))
    assert built.rc == 0, built.log
    assert built.probes["NO_GKI"] == said
    assert ("iommu_get_dma_cookie" in built.wanted) is exported
    assert built.wanted <= headers.symvers


def test_a_header_alone_does_not_prove_that_the_kernel_has_the_function(builder):
    headers = builder.vendor("bookworm")
    symvers = headers.tree / "Module.symvers"
    symvers.write_text("".join(line for line in symvers.read_text().splitlines(True) if "\trockchip_" not in line))
    built = builder.build(headers, builder.source("0.9.8"))
    assert built.rc == 0, built.log
    assert built.probes["soc/rockchip/rockchip_iommu.h"] == "present"
    assert built.probes["rockchip_iommu_is_enabled"] == "missing, supplied"
    assert built.probes["devfreq"].startswith("left out, not here: ")
    assert built.wanted <= headers.symvers


@pytest.mark.parametrize(("suite", "flag"), [("trixie", "1 << 10"), ("trixie-backports", "0")])
def test_the_private_cookie_of_the_iommu_is_not_used_where_it_changed(builder, suite, flag):
    """The driver looks into the cookie for buffers with this flag: compiled wrongly, it would write to what is not there."""
    headers, source = builder.headers(suite), builder.source("0.9.8")
    with (source / "vendor/drivers/rknpu/include/rknpu_ioctl.h").open("r+") as file:
        text = file.read()
        if "RKNPU_MEM_IOMMU_LIMIT_IOVA_ALIGNMENT" not in text:
            file.seek(0)
            file.write(text.rpartition("#endif")[0] + "enum { RKNPU_MEM_IOMMU_LIMIT_IOVA_ALIGNMENT = 1 << 10 };\n#endif\n")
    with (source / "vendor/drivers/rknpu/rknpu_gem.c").open("a") as file:
        file.write('_Static_assert(RKNPU_MEM_IOMMU_LIMIT_IOVA_ALIGNMENT == (%s), "flag");\n' % flag)
    built = builder.build(headers, source)
    assert built.rc == 0, built.log


COMPAT = "compat/rkfleet_compat.h"
BREAKS = [
    pytest.param("bookworm", COMPAT, "#ifdef RKFLEET_VM_FLAGS", "#if 0", "the kernel headers have no vm_flags_set", id="vm_flags_set not supplied"),
    pytest.param("trixie", COMPAT, "#ifdef RKFLEET_VM_FLAGS", "#if 1", "the kernel headers already have vm_flags_set", id="vm_flags_set supplied twice"),
    pytest.param("bookworm", "Kbuild", "-I$(src)/compat/include ", "", "the kernel's headers lack", id="a header not supplied"),
    pytest.param("bookworm", COMPAT, "#define rockchip_iommu_is_enabled", "#define rockchip_is_not_supplied", "rockchip_iommu_is_enabled",
                 id="a function not supplied"),
]


@pytest.mark.parametrize(("suite", "file", "what", "instead", "sentence"), BREAKS)
def test_a_build_that_fails_is_explained(builder, suite, file, what, instead, sentence):
    headers, source = builder.headers(suite), builder.source("0.9.6")
    text = (source / file).read_text()
    assert what in text
    (source / file).write_text(text.replace(what, instead))
    built = builder.build(headers, source)
    assert built.rc != 0
    assert sentence in (build_log.explain(built.log) or built.log)


def test_a_compiler_that_is_too_old_is_named(builder):
    headers = builder.headers("trixie")
    headers.flags = ["CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=y", "CONFIG_FUNCTION_ALIGNMENT=8", "KCFLAGS=-fno-such-option"]
    built = builder.build(headers, builder.source("0.9.6"))
    assert built.rc != 0
    assert "does not know the option -f" in build_log.explain(built.log)


@pytest.mark.parametrize("suite", ["bookworm", pytest.param("trixie-backports", marks=pytest.mark.faults_only)])
def test_the_same_inputs_give_the_same_module_wherever_and_whenever_they_are_built(tmp_path_factory, suite):
    """Hosts can only agree on a module if neither the folder nor the time of a build gets into it."""
    builds = []
    for name, date in (("first-place", "Mon Jan 1 00:00:00 UTC 2024"), ("another-place-with-a-longer-name", "Sat Feb 28 12:34:56 UTC 2026")):
        folder = tmp_path_factory.mktemp(name)
        builder = Builder(folder)
        headers = builder.headers(suite)
        source = builder.source("0.9.6", "rknpu_dkms")
        with (source / "vendor/drivers/rknpu/rknpu_drv.c").open("a", encoding="utf-8") as file:
            # As WARN_ON() and its like have it.
            file.write("\nconst char *rkfleet_where_it_was_built(void)\n{\n\treturn __FILE__;\n}\n")
        built = builder.build(headers, source, "KBUILD_BUILD_TIMESTAMP=" + date, "KBUILD_BUILD_USER=" + name, cached=False)
        assert built.rc == 0, built.log
        # As DKMS and the builder leave it.
        subprocess.run(["aarch64-linux-gnu-strip", "-g", str(built.module)], check=True)
        builds.append(built.module.read_bytes())
        assert str(folder).encode() not in builds[-1] and b"rknpu/rknpu_drv.c" in builds[-1]
    assert builds[0] == builds[1]


def test_without_a_temporary_folder_no_function_counts_as_present(tmp_path):
    command = ["sh", OWN / "probes/wants", "nm", "/dev/null", "probe.c", "--", "true"]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path / "none")}, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    assert done.stdout == "a temporary folder\n"
