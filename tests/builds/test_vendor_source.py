# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The vendor's unmodified driver is built with every header tree; what a build leaves out is named with its cause."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan.checks import build_losses

MONITOR = "include/soc/rockchip/rockchip_system_monitor.h"
OPP = "include/soc/rockchip/rockchip_opp_select.h"
VERSIONS = ["0.9.6", "0.9.8"]
LOW_LENGTH_5_10 = (
    "int rockchip_opp_set_low_length(struct device *dev, struct device_node *np, int bin, int process,\n"
    "\t\t\t\tint volt_sel);\n"
)


def replaced(headers, name, *pairs):
    """Change the text of a header of the tree; each text that is replaced must be there."""
    text = (headers.tree / name).read_text()
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    headers.holds(name, text)


def warnings(log):
    """Return the warnings of a build, without the kernel's own about a tool of the machine that builds."""
    about = "warning: pahole version differs from the one used to build the kernel"
    return [line for line in log.splitlines() if "warning: " in line and line.strip() != about]


def unexported(headers, function):
    """Have the kernel no longer export a function to modules."""
    symvers = headers.tree / "Module.symvers"
    lines = symvers.read_text().splitlines(True)
    symvers.write_text("".join(line for line in lines if f"\t{function}\t" not in line))


def kernel_5_10_110(builder):
    headers = builder.vendor_5_10()
    replaced(headers, MONITOR, ("\tMONITOR_TYPE_", "\tMONITOR_TPYE_"))
    return headers


def kernel_5_10_160(builder):
    return builder.vendor_5_10()


def kernel_5_10_own_type(builder):
    """A 5.10 that declares the function with the type of its own callback, and exports it."""
    headers = builder.vendor_5_10()
    replaced(headers, OPP, ("void rockchip_get_opp_data", LOW_LENGTH_5_10 + "void rockchip_get_opp_data"))
    headers.exports("rockchip_opp_set_low_length")
    return headers


def kernel_5_10_not_exported(builder):
    """The same, where modules cannot have the function."""
    headers = builder.vendor_5_10()
    replaced(headers, OPP, ("void rockchip_get_opp_data", LOW_LENGTH_5_10 + "void rockchip_get_opp_data"))
    return headers


def kernel_6_1_43(builder):
    headers = builder.vendor("bookworm")
    text = (headers.tree / OPP).read_text()
    start = text.index("int rockchip_opp_set_low_length")
    headers.holds(OPP, text[:start] + text[text.index(";", start) + 1:])
    unexported(headers, "rockchip_opp_set_low_length")
    return headers


def kernel_6_1_43_other_type(builder):
    """A 6.1 that still declares the function as 5.10 does, which does not fit its own callback."""
    headers = kernel_6_1_43(builder)
    replaced(headers, OPP, ("void rockchip_get_opp_data", LOW_LENGTH_5_10 + "void rockchip_get_opp_data"))
    return headers


def kernel_6_1_99(builder):
    return builder.vendor("bookworm")


VENDORS = [kernel_5_10_110, kernel_5_10_160, kernel_5_10_own_type, kernel_5_10_not_exported, kernel_6_1_43,
           kernel_6_1_43_other_type, kernel_6_1_99]


@pytest.mark.parametrize(("kernel", "version"), [
    *((kernel, "0.9.8") for kernel in VENDORS),
    # 0.9.6 does not have the function in which most of them differ.
    *((kernel, "0.9.6") for kernel in (kernel_5_10_110, kernel_5_10_160, kernel_6_1_99)),
])
@pytest.mark.case(
    case="the vendor's unmodified source on header trees as its kernels 5.10.110, 5.10.160, 6.1.43 and 6.1.99 are",
    plan="dkms_over_builtin", result="builds with frequency scaling and without warnings")
def test_on_the_vendors_kernels(builder, kernel, version):
    headers = kernel(builder)
    headers.sets("CONFIG_NO_GKI")
    built = builder.build(headers, builder.real_source(version, "rknpu_dkms"))
    assert built.rc == 0, built.log
    assert built.probes["devfreq"] == "present: with frequency scaling", built.log
    assert warnings(built.log) == []
    assert built.wanted <= headers.symvers
    assert set(built.losses) == {"sram", "iommu_domains"}
    if "6_1" in kernel.__name__:
        assert "iommu_get_dma_cookie" in built.losses["iommu_domains"].split()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("suite", ["bullseye", "bookworm", "trixie", "trixie-backports"])
def test_on_debians_kernels(builder, suite, version):
    headers = builder.headers(suite)
    built = builder.build(headers, builder.real_source(version))
    assert built.rc == 0, built.log
    assert warnings(built.log) == []
    assert built.wanted <= headers.symvers
    assert built.losses == {
        "devfreq": "not here: soc/rockchip/rockchip_opp_select.h",
        "sram": "this kernel is built without CONFIG_NO_GKI",
        "iommu_domains": "this kernel is built without CONFIG_NO_GKI",
    }


def test_the_compilers_line_is_the_cause(builder):
    headers = builder.vendor("bookworm")
    replaced(headers, MONITOR, ("\tMONITOR_TYPE_DEV,\n", ""))
    built = builder.build(headers, builder.real_source("0.9.8"))
    assert built.rc == 0, built.log
    assert built.losses["devfreq"].startswith("not here: a compilable rknpu_devfreq.c (rknpu_devfreq.c:")
    assert "MONITOR_TYPE_DEV" in built.losses["devfreq"] and "undeclared" in built.losses["devfreq"]


def test_every_loss_is_known(builder):
    kbuild = (builder.source("0.9.6") / "Kbuild").read_text()
    assert set(build_losses.named_by(kbuild)) == set(build_losses.LOSSES)
