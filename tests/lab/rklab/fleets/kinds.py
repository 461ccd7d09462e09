# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""The kinds of boards, and what each is made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Kernel:
    """A vendor-style kernel with the stand-in driver; *module*: as a module instead of built in."""

    series: str
    revision: int
    suffix: str
    driver: str
    module: bool = False


@dataclass(frozen=True)
class Kind:
    """What a board is made of. *kernel* None: Debian's own. *later*: a second kernel, offered in /srv/apt-next.

    *offered*: packages of Debian which the board's repository has besides the kernel. *removed*: of PACKAGES, those which
    are not installed.
    """

    suite: str
    kernel: Kernel | None
    runtime: str | None
    later: Kernel | None = None
    offered: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: The space for a first build: the tree, the disk and their copies while they are made, and kernel source and objects.
    space_mib: int = 8192
    #: A key of LOADERS.
    loader: str = "u-boot-menu"

    @property
    def uefi(self) -> bool:
        """Whether it starts with UEFI firmware (EDK2) instead of U-Boot."""
        return self.loader == "grub"


#: {boot loader: (its packages, which folder is a partition of its own with FAT, "" for none)}
LOADERS: dict[str, tuple[tuple[str, ...], str]] = {
    "u-boot-menu": ((), ""),  # PACKAGES have it
    "grub": (("grub-efi-arm64",), "boot/efi"),
    # U-Boot's script, which mkimage makes, reads the kernel arguments from ubuntuEnv.txt.
    "environment": (("u-boot-tools",), "boot/firmware"),
}


TOOLCHAIN = ("dkms", "gcc", "make", "libc6-dev")


STOCK = ("linux-image-arm64", "linux-headers-arm64", "tiny-initramfs")


# In the order in which `lab build --kind all` builds them: what takes longest to be built comes last.
KINDS = {
    # The mission's broken state.
    "vendor": Kind("bookworm", Kernel("6.1", 1, "rk2312", "0.9.3"), "1.6.0", later=Kernel("6.1", 2, "rk2410", "0.9.8")),
    # The vendor's driver is a module; what a module is built with must be installed first.
    "module": Kind("bookworm", Kernel("6.1", 1, "rk2312m", "0.9.3", module=True), "1.6.0", offered=TOOLCHAIN, removed=TOOLCHAIN),
    # Debian's own kernel: no driver, no runtime.
    "stock": Kind("bookworm", None, None, offered=STOCK, space_mib=6144),
    # The mission's broken state on a board with UEFI firmware.
    "grub": Kind(
        "bookworm", Kernel("6.1", 1, "rk2312", "0.9.3"), "1.6.0", offered=LOADERS["grub"][0], removed=("u-boot-menu",), loader="grub"
    ),
    # The mission's broken state on ubuntu-rockchip's first images: kernel and ubuntuEnv.txt on a partition with FAT.
    "environment": Kind(
        "bookworm", Kernel("6.1", 1, "rk2312", "0.9.3"), "1.6.0", offered=LOADERS["environment"][0],
        removed=("u-boot-menu",), loader="environment"
    ),
    # What worked before the distribution was upgraded.
    "bullseye": Kind("bullseye", Kernel("5.10", 1, "rockchip", "0.8.2"), "1.6.0"),
}


DEFAULT_KIND = "vendor"
