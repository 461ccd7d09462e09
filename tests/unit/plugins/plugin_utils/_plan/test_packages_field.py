# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Kernels that owners have and the package with their headers, from public reports."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.plugin_utils._plan import compatibility, rules

DATA = compatibility.load()


@pytest.mark.parametrize("release, built", [
    ("6.1.115+", True), ("5.10.209-dirty", True), ("6.1.84-vendor-rk35xx-dirty", True),
    ("6.1.99-rockchip-rk3588+", True),
    ("6.1.118-00001-gabcdef0-dirty", True), ("5.15.150-flippy-88+", False), ("6.12.38+deb13-arm64", False),
])
def test_a_kernel_that_its_owner_built_of_a_changed_tree(release, built):
    package, hint = rules.headers_rule(release, DATA["headers"])
    assert ("make bindeb-pkg" in hint) is built
    assert package == (None if "flippy" in release else "linux-headers-" + release)


@pytest.mark.parametrize("release, package", [
    # OpenHD's images for Radxa boards: a vendor's word is no branch of Armbian's.
    ("5.10.110-radxa-rockchip", "linux-headers-5.10.110-radxa-rockchip"),
    ("5.10.110-99-rockchip-g9c3b92612", "linux-headers-5.10.110-99-rockchip-g9c3b92612"),
    ("5.10.110-6-rockchip", "linux-headers-5.10.110-6-rockchip"),
    ("5.10.110-1-rockchip", "linux-headers-5.10.110-1-rockchip"),
    ("5.10.160-20-rk356x", "linux-headers-5.10.160-20-rk356x"),
    ("5.10.160-299-rk356x", "linux-headers-5.10.160-299-rk356x"),
    ("5.10.160-12-rk356x", "linux-headers-5.10.160-12-rk356x"),
    ("5.10.230-axon", "linux-headers-5.10.230-axon"),
    ("6.1.75-copyfail-patched", "linux-headers-6.1.75-copyfail-patched"),
    ("6.1.75-rt23", "linux-headers-6.1.75-rt23"),
    ("6.1.99-rt36-rk3588", "linux-headers-6.1.99-rt36-rk3588"),
    ("6.1.118", "linux-headers-6.1.118"),
    ("6.1.0-1025-73400e-rockchip", "linux-headers-6.1.0-1025-73400e-rockchip"),
    ("6.1.0-1026-rockchip", "linux-headers-6.1.0-1026-rockchip"),
    ("6.1.76-happy-new-year", "linux-headers-6.1.76-happy-new-year"),          # ophub/amlogic-s9xxx-armbian#2949
    ("6.1.115+", "linux-headers-6.1.115+"),
    ("7.0.0-rc3-ARCH+", "linux-headers-7.0.0-rc3-arch+"),                                      # rosenblatt
    ("6.18.42-ysp-rockchip64", "linux-headers-ysp-rockchip64"),
    ("6.12.1-edge-rockchip64", "linux-headers-edge-rockchip64"),
    ("7.2.2-edge-rockchip64", "linux-headers-edge-rockchip64"),
    ("6.1.56-current-rockchip64", "linux-headers-current-rockchip64"),
    ("6.1.28-rockchip64", "linux-headers-current-rockchip64"),
    ("6.1.43-vendor-rk35xx", "linux-headers-vendor-rk35xx"),
    ("6.1.99-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.1.43-rt14-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("6.1.84-10-rk2410-nocsf", "linux-headers-6.1.84-10-rk2410-nocsf"),
    ("6.1.84-18.ca.a2b1-rk2410-nocsf", "linux-headers-6.1.84-18.ca.a2b1-rk2410-nocsf"),
    ("6.1.84-999-rk2410", "linux-headers-6.1.84-999-rk2410"),
    ("6.1.99-opi5pro-livecfg-baseline", "linux-headers-6.1.99-opi5pro-livecfg-baseline"),
    ("6.1.99-rk3576", "linux-headers-6.1.99-rk3576"),                              # LubanCat 3
    ("6.1.99-rknpu098-test1", "linux-headers-6.1.99-rknpu098-test1"),
    ("6.1.99-rt36-rockchip-rk3588", "linux-headers-current-rockchip-rk3588"),
    ("5.10.160-38-rk356x", "linux-headers-5.10.160-38-rk356x"),
    ("5.10.160-legacy-rk35xx", "linux-headers-legacy-rk35xx"),
    ("5.10.160-rk35xx", "linux-headers-legacy-rk35xx"),                                        # armbian/build#5251
    ("5.10.110-rk35xx", "linux-headers-legacy-rk35xx"),                                        # armbian/build#4794
    ("5.10.160-rt89-rk35xx", "linux-headers-legacy-rk35xx"),
    # Before 23.05 Armbian's releases had no branch, and this family had no branch current.
    ("4.19.219-rk35xx", "linux-headers-legacy-rk35xx"),
    ("5.17.5-rk35xx", "linux-headers-edge-rk35xx"),
    ("6.1.11-rk35xx", "linux-headers-edge-rk35xx"),                            # armbian/configng#267 (ROCK 3A, 23.02.2)
    ("5.16.20-rockchip64", "linux-headers-edge-rockchip64"),                   # makerbase-mks/MKS-SKIPR#54
    ("5.19.16-rockchip64", "linux-headers-edge-rockchip64"),
    ("6.0.13-rockchip64", "linux-headers-edge-rockchip64"),
    ("5.15.52-rockchip64", "linux-headers-current-rockchip64"),                # MichaIng/DietPi#7182
    ("5.10.63-rockchip64", "linux-headers-current-rockchip64"),                # google-coral/edgetpu#493
    ("6.10.0-rc7-edge-rockchip64", "linux-headers-edge-rockchip64"),
    ("5.10.66-27-rockchip-gea60d388902d", "linux-headers-5.10.66-27-rockchip-gea60d388902d"),
    ("6.1.75-vendor-rockchip", "linux-headers-vendor-rockchip"),               # mPWRD-OS/mPWRD-OS#57
    ("5.10.198-rockchip-standard", "linux-headers-5.10.198-rockchip-standard"),
    ("5.10.160-rockchip-rk3588", "linux-headers-legacy-rockchip-rk3588"),
    ("6.1.75-rkr3", "linux-headers-6.1.75-rkr3"),
    ("6.1.141.can-new", "linux-headers-6.1.141.can-new"),
    ("5.10.226-rt89-g3c7fc9b", "linux-headers-5.10.226-rt89-g3c7fc9b"),
    ("6.1.43-current-bigtree-cb2", "linux-headers-current-bigtree-cb2"),
    ("6.1.115-8-rk2501", "linux-headers-6.1.115-8-rk2501"),
    ("5.10.0-odroid-arm64", "linux-headers-5.10.0-odroid-arm64"),
    ("5.10.160-odroid-arm64", "linux-headers-5.10.160-odroid-arm64"),
    ("6.13.0-rc5-edge-rockchip64", "linux-headers-edge-rockchip64"),                           # radxa-pkg/aic8800#24
    ("6.1.75", "linux-headers-6.1.75"),
    # Proxmox VE, jiangcuo/pve-port-kernel
    ("6.8.12-9-pve", "proxmox-headers-6.8.12-9-pve"),
    ("6.14.11-6-bpo12-pve", "proxmox-headers-6.14.11-6-bpo12-pve"),
    ("6.17.1-6.6-pve", "proxmox-headers-6.17.1-6.6-pve"),
    ("6.1.0-1-pve", "pve-headers-6.1.0-1-pve"),
    ("5.15.108-1-pve", "pve-headers-5.15.108-1-pve"),
    ("6.12.57+deb13-arm64", "linux-headers-6.12.57+deb13-arm64"),
    ("6.1.141", "linux-headers-6.1.141"),                                      # DEEPX-AI/dx-all-suite#141
    ("4.4.132-1075-rockchip-ayufan-ga83beded8524",
     "linux-headers-4.4.132-1075-rockchip-ayufan-ga83beded8524"),                # ayufan-rock64/linux-build#252
])
def test_the_package_with_the_headers(release, package):
    assert rules.headers_rule(release, DATA["headers"])[0] == package
    assert rules.kernel_row(release, DATA["kernels"])["supported"] is not release.startswith("4.")
