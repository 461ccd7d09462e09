# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What the messages of apt, dpkg and update-initramfs mean, with the remedy: data for _apt_causes.explain().

CAUSES are rows of (pattern, sentence); the first row whose pattern is found counts: what makes apt useless as a whole,
then the repositories, then single packages. `{0}` and `{1}` in a sentence are the groups that matched. The output comes
from a board, so no pattern may start anew within a long word.
"""

from __future__ import annotations

from ._apt_source_messages import SOURCES

_Q = "['\"\u2018\u2019]?"
_DAMAGED = " is damaged, as after a power failure or with a worn card: check the storage (dmesg), "
# As dpkg says since 1.23 (Ubuntu 26.04, Debian 14).
_UNABLE = "(?:unable to|cannot)"
_PARSING = ("(?:(?:parsing|package (?:info|control)) file " + _Q + "|parse package file |Problem with MergeList |"
            "Could not open file |flAbsPath on )")
_REFUSED = r"(?:\n[^\n]{0,300}){0,40}?\nE(?:rror)?: Packages need to be removed"
_IMAGE = r"(?:Image (?:Name|Type)|Created|Data Size|Load Address|Entry Point):"
NEEDED = (r"linux-|init|dracut|u-boot|flash-kernel|grub|systemd|udev|dpkg|apt|armbian-bsp|base-|radxa-|task-|rockchip|"
          r"orangepi-|friendly|khadas|raspberrypi-|\S*(?:kernel|overlay|bsp|headers|image|board|boot)|openssh|sudo|"
          r"python3|network-manager|netplan|ifupdown|wpasupplicant|firmware|kmod|mount|util-linux|bash|dash|coreutils|"
          r"perl|login|passwd|dbus|debconf|adduser|mawk|gawk|proxmox|pve-|e2fsprogs|btrfs|zfs|lvm2|mdadm|cryptsetup|"
          r"iproute2|iwd|connman|dhcpcd|isc-dhcp-client|dropbear|tailscale|wireguard|openvpn|zerotier|resolvconf|"
          r"openresolv|hostapd|usr")
"""Without a package of such a name the board may not boot, or not be administrated."""
_SCRIPT = ("(?:" + _UNABLE + r" execute [\w ]{1,20}(?:[\w.+-]{1,100} package )?[\w-]{1,20} (?:maintainer )?script \(|"
           r"Error while loading )(/var/lib/dpkg/[\w/.+:-]{1,200})\)?: ")

CAUSES = (
    # apt and dpkg themselves
    (r"\(30: Read-only file system\)|Not using locking for read only lock file",
     "the file system is mounted read-only: check the storage (dmesg), then remount it"),
    (r"\((?:5: )?Input/output error\)|: Input/output error",
     "the storage does not work: see dmesg, check the file system and replace the card if it is worn"),
    (r"Could not open file (/var/(?:lib|cache)/apt/\S{1,60}/partial)/\S{1,300} - open \(13: Permission denied",
     ("apt's user _apt may not write to {0}: correct its owner (chown -R _apt:root {0}) and the modes of the folders "
      "above")),
    (r"E: Method (\S{1,20}) has died unexpectedly",
     ("apt's program for addresses that begin with {0} crashed or was killed, on weak boards often for want of memory: "
      "try again, see dmesg, and reinstall apt if it happens again")),
    (r"/dev/null: (?:Permission denied|cannot overwrite existing file)",
     ("/dev/null is no device any more, or on a file system that is mounted nodev: reboot, or make it anew (rm "
      "/dev/null && mknod -m 666 /dev/null c 1 3)")),
    (r"perl: error while loading shared libraries: (\S{1,80}): cannot open",
     ("perl does not find {0}, as after an interrupted upgrade: copy it from its package (libcrypt.so.1: apt-get "
      "download libcrypt1, dpkg-deb --extract), then run apt-get --fix-broken install")),
    ((r"(?m)^(?:/\S{1,40}/)?(?:apt-get|apt-cache|dpkg): (?:(?:error while loading shared libraries|symbol lookup "
      r"error): (\S{1,200}?):? |(/\S{1,200}): version )"),
     ("apt or dpkg itself does not start, as {0} is missing, damaged or of another release: check the storage (dmesg), "
      "and copy that file from its package of the same release (apt-get download elsewhere, dpkg-deb --extract)")),
    (r"Could not exec dpkg|dpkg: not found|Could not execute '?dpkg",
     "dpkg is missing or cannot be executed: check the storage (dmesg), and reinstall dpkg from its file"),
    (r"expected programs? not found in PATH",
     ("dpkg does not find its own programs, such as ldconfig: PATH must have /usr/sbin and /sbin for root (secure_path "
      "of sudo, /etc/environment); if they are gone, reinstall libc-bin and dpkg")),
    (r"LD_LIBRARY_PATH contains the traditional",
     "LD_LIBRARY_PATH is set for root, with which libc6 is not upgraded: remove it (grep -r LD_LIBRARY_PATH /etc)"),
    ((r"are you root\?|requested operation requires superuser privilege|lock-frontend - open \(13: Permission denied|"
      r"unable to access the dpkg database directory [^\n]{1,100}: Permission denied"),
     "the task does not run as root: set become: true for this board"),
    (r"Could not get lock (\S{1,100}?)\.? [^\n]{0,40}held by process (\d{1,9}) \(([^)\n]{1,40})\)",
     "process {1} ({2}) has locked {0}: let it finish, or find out why it hangs, then rerun the playbook"),
    (r"Could not get lock (\S{1,100}) - open \(11: |status database is (locked) by another process(?! with)",
     "another process has locked dpkg ({0}): see which one (fuser -v /var/lib/dpkg/lock*), and let it finish"),
    (r"locked by another process with pid (\d{1,9})",
     "process {0} has locked dpkg: let it finish, or find out why it hangs, then rerun the playbook"),
    (r"was locked by (\S{1,80}) process with pid (\d{1,9})",
     "process {1} ({0}) has locked dpkg: let it finish, or find out why it hangs, then rerun the playbook"),
    # dpkg's and apt's own files
    (_PARSING + r"(/\S{0,80}/dpkg/updates/\d{1,9})", "{0}, in which dpkg notes unfinished work," + _DAMAGED
     + "remove this file, then run dpkg --configure -a"),
    (_PARSING + r"(/\S{0,80}/dpkg/status)", "{0}, in which dpkg keeps what is installed," + _DAMAGED
     + "restore the file from /var/lib/dpkg/status-old or /var/backups, then run dpkg --configure -a"),
    (_PARSING + r"(/\S{0,80}/dpkg/available)", "{0}" + _DAMAGED + "then run dpkg --clear-avail"),
    (r"files list file for package " + _Q + r"([\w.+-]{1,100})(?::[\w-]+)?" + _Q + r" (?:is missing|contains empty)",
     "dpkg's list of the files of package {0}" + _DAMAGED + "remove /var/lib/dpkg/info/{0}.list (or {0}:arm64.list), "
     "then run apt-get install --reinstall {0}"),
    ((r"(?:parse package file |Problem with MergeList |Could not open file )(/\S{0,80}/lists)/(?!partial/)|"
      r"Cache is out of sync|Problem parsing dependency|Error occurred while processing|section with no "
      r"Package: header|"
     r"package lists or status file could not be parsed|The package cache file is corrupted"),
     "apt's package lists are damaged: remove the files in /var/lib/apt/lists, then run apt-get update"),
    (r"dpkg: error: [^\n]{0,80}(/var/lib/dpkg/(?:updates|info|triggers|alternatives|parts))\b[^\n]{0,40}: No such file",
     "the folder {0} of dpkg itself is missing: make it (mkdir -p {0}), then run dpkg --configure -a"),
    (r"unknown (?:system )?(user|group) '([^'\n]{1,60})' in statoverride file",
     ("dpkg's list of owners and modes of files (/var/lib/dpkg/statoverride) names the {0} {1}, which does not exist: "
      "reinstall the package that makes it, or remove the files of {1} from the list (dpkg-statoverride --remove "
      "FILE)")),
    (r"(?:syntax error|invalid syntax) in triggers deferred file " + _Q + r"(/[\w/.+-]{1,200})", (
        "{0}, in which dpkg notes what is to do," + _DAMAGED + "move it away, then run dpkg --configure -a")),
    (r'DbDriver "[^"\n]{1,60}": could not open (/[^\s:]{1,200})',
     "debconf's database {0} is missing or damaged: copy {0}-old to it, or run /usr/share/debconf/fix_db.pl"),
    ((r"(?:ValueError|SyntaxError): source code (?:string )?(cannot contain null bytes)|"
      r"(Unrecognized character [^\n]{0,120}) at (?:/usr/(?:share|lib)|/etc/perl)/"),
     "a file of Python or Perl ({0})" + _DAMAGED + "find it (dpkg --verify), and reinstall its package"),
    (r"cannot lock (/etc/\w{1,20}); try again later",
     ("{0} is locked: let the program that changes users or groups end; if there is none, an interruption has left "
      "{0}.lock or /etc/.pwd.lock, which is to be removed")),
    (r"failure while writing changes to (/etc/\w{1,20})",
     "{0} cannot be replaced: it is immutable (lsattr {0}), mounted on its own (findmnt {0}), or its disk is full"),
    (r"Dynamic MMap ran out of room", ("apt's cache is limited by APT::Cache-Start or APT::Cache-Limit in /etc/apt: "
     "remove that line")),
    (r"dpkg was interrupted", "dpkg was interrupted: run dpkg --configure -a"),
    (r"config\.dat is locked by another process",
     "another process configures a package (debconf is locked): finish or end it (fuser -v /var/cache/debconf/*)"),
    *SOURCES,
    # packages
    (r"Refusing to (?:reload|reexecute), not enough space available on (/run)\S*\. Currently, (\S{1,20}) are free",
     ("systemd does not restart with only {1} free in {0}: enlarge it (mount -o remount,size=100M {0}), then run dpkg "
      "--configure -a")),
    (r"will be DOWNGRADED:\s+([^\n]{1,200})(?:\n[^\n]{0,300}){0,20}?\nE(?:rror)?: Packages were downgraded",
     ("apt would have to downgrade {0}, as /etc/apt/preferences.d prefers another repository (apt-cache policy): "
      "downgrade it by hand if that may be")),
    (r"error processing package ([\w.+-]{1,100})(?::[\w-]{1,20})? \(--\w{1,20}\):\n package is in a very bad",
     "it is installed in part: run apt-get install --reinstall {0}"),
    ((r"(?m)^(?:\S{1,100}: )?(?:rm|mv|cp|sed|ln): cannot [\w -]{1,40} ['`\u2018](/(?!boot/)\S{1,200}?)['\u2019]"
      r"[^\n]{0,200}: Operation not permitted"),
     "{0} may not be changed: it is immutable (lsattr {0}; chattr -i {0}), or mounted on its own (findmnt {0})"),
    ((r"(?:" + _UNABLE + r" [\w -]{1,40}|(?:error setting|changing) (?:ownership|permissions) of|error (?:"
      r"creating (?:new backup file|symbolic link|hard link|directory))) "
     r"['`\u2018](\.?/?\S{1,200}?)['\u2019][^\n]{0,60}: Operation not permitted|"
      # Armbian's own script moves the file where there are no links.
      r"\A(?![\s\S]*Symlink failed)[\s\S]*?ln: failed to create symbolic link '(/boot/\S{1,200}?)': Operation not"),
     ("{0} is on a file system without links or owners (FAT), or it is immutable (lsattr): a package with such files "
      "needs /boot on ext4, or, where the firmware reads FAT only, a mount of that partition elsewhere")),
    (r"dpkg-divert: error: [^\n]{0,20}diversion of (\S{1,200}) [^\n]{0,300}clashes with",
     "{0} is diverted in two ways: see dpkg-divert --list {0}, and undo the one that is not needed"),
    (_SCRIPT + r"Permission denied",
     "the script {0} may not be executed, as its file system is mounted noexec (findmnt --target {0}): remount it"),
    (_SCRIPT + r"(?:Exec format error|No such file)",
     ("the script {0} cannot be executed: it is empty or damaged, or its first line names no interpreter, or one that "
      "is missing. Check the storage (dmesg), and install the package's file again, or another version of it")),
    (r"archive (\S{1,200}) \(--\w{1,20}\):\n package architecture \(([\w-]{1,20})\) does not match system \((\w+)",
     "{0} is made for {1}, and this system is {2}: use the package for {2}"),
    (r"(?m)^ " + _UNABLE + r" (?:open|create|stat) ['`\u2018]\.?(/[^'\u2019\n]{1,200}?)(?:\.dpkg-new)?['\u2019]"
     r"[^\n]{0,80}: (?:Not a directory|Too many levels)",
     "a folder above {0} is a file, or a link that leads to itself (namei -l {0}): move that away"),
    ((r"(?:unable to|(?m:^ )cannot) (?:open|create) ['`\u2018](/[^'\u2019\n]{1,200}?)(?:\.dpkg-new)?['\u2019]"
      r"[^\n]{0,80}: No such file"),
     "the folder of {0} is missing or a link that leads nowhere, or another program removes the file: correct that"),
    (r"Configuration file '([^'\n]{1,200})'\n(?:[^\n]{0,300}\n){0,15}? ?end of file on [\w ]{1,20} at conffile prompt",
     ("dpkg asks whether to keep {0}, which was changed on the board: run dpkg --force-confdef --force-confold "
      "--configure -a, which keeps it")),
    (r"cannot be configured because (\S{1,100}) is at a different version",
     ("{0}, for another architecture, must have the same version: run apt-get --fix-broken install, or remove {0} if "
      "nothing needs it")),
    (r"triggers looping, abandoned|cycle found while processing triggers",
     ("the triggers of packages start each other without end: run dpkg --configure -a, and upgrade the packages that "
      "it names if that fails")),
    (r"trying to overwrite directory " + _Q + r"([^'\n]{1,200}?)" + _Q + r" in package (\S{1,100}) with nondirectory",
     "{0} is a folder in package {1}, and none in the new package: upgrade {1} first"),
    ((r"E: Could not (?:configure|perform immediate configuration on) '([^'\n]{1,100})'|(\S{1,100}) due to a "
      r"Conflicts/Pre-Depends loop"),
     ("apt finds no order in which {0} can be upgraded, as in the middle of an upgrade to another release or with "
      "packages of two architectures: end that first (apt-get --fix-broken install, apt-get full-upgrade)")),
    (r"(?:error creating|cannot create) hard link '(\.?/[^'\n]{1,200})': Invalid cross-device link",
     ("the package has {0} under two names, which are on different file systems here (findmnt): put both on one, or "
      "use another version of the package")),
    (r"(?m)^ [\w -]{1,60} ['`\u2018]\.?(/[^'\u2019\n]{1,200})['\u2019][^\n]{0,60}: (?:Invalid cross|Device or res)",
     "{0} is mounted on its own (findmnt {0}), so dpkg cannot replace it: unmount it, then run dpkg --configure -a"),
    (r"script subprocess was (?:killed by signal \((?:Terminated|Hangup|Interrupt)\)|interrupted)",
     "it was ended from outside, such as by a shutdown or a time limit: run dpkg --configure -a"),
    (r"directory '(/[^'\n]{1,200})' contains files not owned by package (\S{1,100}?),? cannot switch",
     "{0} has files that do not belong to package {1} (dpkg -S): move them away"),
    (r"update-alternatives: error: (/var/lib/dpkg/alternatives/[\w.+-]{1,80}) corrupt",
     "{0}, in which dpkg keeps alternatives," + _DAMAGED + "move it away, and reinstall the packages that have them"),
    (r"update-alternatives: error: alternative path (/\S{1,200}) doesn't exist",
     "{0} is missing: reinstall the package that has it (dpkg -S {0})"),
    (r"update-alternatives: error: error creating symbolic link ['`\u2018]?(/\S{0,200})/[^/\s]{1,100}: No such file",
     "the folder {0} is missing, as in images without manuals: make it (mkdir -p {0})"),
    (r"rename involves overwriting ['`](\S{1,200}?)' with\s+different file ['`](\S{1,200}?)'",
     "{0} and {1} are different files of the same name: move {0} away if the board does not need it"),
    ((r"(/var/lib/dpkg/info/([\w.+-]{1,100})(?::\w{1,20})?\.(?:preinst|postinst|prerm|postrm)): \d+: [^\n]{0,200}"
     r"Syntax error"), "the script {0} of package {1} has an error: install another version of the package"),
    # merged /usr
    (r"(?m)^Both (/\S{1,200}) and (/usr/\S{1,200}) exist\.",
     ("the folders /bin, /sbin and /lib cannot be merged into /usr, as {0} and {1} differ: remove or rename the one "
      "that no package has (dpkg -S), then run /usr/lib/usrmerge/convert-usrmerge")),
    (r"(?:(?:FATAL ERROR:\n)([^\n]{1,200})(?:\n[^\n]{0,200}){0,9}?)?\nE: usrmerge failed",
     ("the folders /bin, /sbin and /lib cannot be merged into /usr ({0}): correct that, and run "
      "/usr/lib/usrmerge/convert-usrmerge until it succeeds, before anything else is installed")),
    (r"(?:does[\s*]+not|doesn't)[\s*]+have[\s*]+a[\s*]+merged[\s*-]+/usr|Unmerged usr is no longer supported",
     ("this system has folders /bin and /lib of their own, which newer packages do not take (merged /usr): install "
      "usrmerge, or run /usr/lib/usrmerge/convert-usrmerge, then rerun the playbook")),
    (r"kernel version indicates a revision number\s+of 255 or greater",
     ("the script of this libc6 takes no kernel whose third number is above 254: boot a kernel with a lower one for "
      "this upgrade, or install libc6 of a newer release of the distribution")),
    # packages that only install a snap
    ((r"(system does not fully support snapd)|[Uu]nable to (contact the store)|- (Mount snap) \"|"
      r"cannot (communicate with server): [^\n]{0,200}snap"),
     ("the package only installs a snap, which fails on this board ({0}), as its kernel lacks squashfs or AppArmor, or "
      "as it is offline: see snap changes, and put the package on hold (apt-mark hold)")),
    (r'File "/usr/(?:bin|share/python3?)/((?:py3?|python3?-?)(?:clean|compile)\w*)(?:\.py)?", line',
     ("the Python of this system is not the distribution's, so that its program {0} fails: make /usr/bin/python3 (and "
      "python) what the distribution has (ls -l /usr/bin/python*, update-alternatives --display python3)")),
    (r"Fatal Python error: [^\n]{1,200}(?:\n[^\n]{0,200}){0,9}?\nModuleNotFoundError: No module named '(\w{1,40})",
     ("Python does not start, as it lacks its own module {0}: remove PYTHONHOME and PYTHONPATH from the environment, "
      "and reinstall what has it (dpkg -S /usr/lib/python3*)")),
    ((r"package ([\w.+:-]{1,100}) needs to be reinstalled, but I can't find an archive|"
      r"Internal Error, No file name for ([\w.+:-]{1,100})"),
     ("package {0} is installed in part, and no repository has it: reinstall it from its file (dpkg "
      "--install FILE), or add the repository that has it")),
    (r"pve-apt-hook",
     ("apt would have to remove proxmox-ve, without which Proxmox is gone from this host: do not allow that, but "
      "upgrade all its packages together (apt-get dist-upgrade), and see which repository is in the way (apt-cache "
      "policy)")),
    (r"essential packages will be removed\.?(?:\n[^\n]{0,200}){1,2}?\n +([\w.+:-][^\n]{1,200})",
     ("apt would have to remove {0}, without which the system does not run: do not allow that, but find the "
      "repository or the hold that is in the way (apt-cache policy, apt-mark showhold)")),
    (r"Removing essential|Essential packages were",
     ("apt would have to remove packages without which the system does not run: do not allow that, but find the "
      "repository or the hold that is in the way (apt-cache policy, apt-mark showhold)")),
    (r"will be REMOVED:\s+((?:[^\n]{0,150} )?(?!linux-(?:headers|libc))(?:libc6|libpam|" + NEEDED
     + r")[^\n]{0,150})" + _REFUSED,
     ("apt would have to remove {0}, without which the board may not boot or not be reached: do not remove that, but "
      "upgrade the packages of the kernel and the system first, together, or install versions that fit it")),
    (r"will be REMOVED:\s+([^\n]{1,200})" + _REFUSED,
     "apt would have to remove {0}. Remove it by hand if the board does not need it"),
    (r"(?:held packages will be changed|following held packages):\s+([^\n]{1,200})",
     "apt would have to change {0}, which is on hold: run apt-mark unhold if that may be"),
    (r"trying to overwrite " + _Q + r"([^'\n]{1,200}?)" + _Q + r", which is also in package (\S{1,100})",
     ("package {1} has a file of the same name ({0}): upgrade {1} first. If it is its newest version, put what is not "
      "needed of the two on hold (apt-mark hold), and report it to the vendor")),
    (r"archive " + _Q + r"([^'\n]{1,200}?)" + _Q + r" (?:uses unknown compression|has premature member)",
     "{0} is made for a newer release of the distribution: its repository does not fit this system"),
    ((r"lzma error: compressed data is corrupt|zstd error: [\w -]{0,40}orrupt|decompress data from \S{1,40} compressed "
     r"stream|is truncated or corrupt|internal \w{2,5} read error|unexpected end of file or stream|is not a "
      r"(?:Debian format|debian) (?:archive|binary)|corrupted filesystem tarfile|ci file contains unknown directive"),
     "a package arrived damaged or was damaged on the storage: run apt-get clean, and check the storage (dmesg)"),
    # update-initramfs and what follows it
    ((r"(?:WARNING|W): missing /lib/modules/(\S{1,120})(?:\n(?!update-initramfs: Gen)[^\n]{0,300}){0,30}?\n"
      r"(?:E: /\S{1,200} failed with|update-initramfs: failed)"),
     ("update-initramfs makes an initial RAM disk for kernel {0}, whose modules are gone: reinstall linux-image-{0}, "
      "or remove what is left of that kernel in /boot and /var/lib/initramfs-tools if it does not run")),
    (r"/boot/config-(\S{1,100}): No such file or directory(?:\n[^\n]{0,300}){0,9}?compression \(CONFIG_RD_\w+\) not",
     ("/boot/config-{0} is missing, without which update-initramfs cannot make the initial RAM disk: reinstall "
      "linux-image-{0}, or remove what is left of that kernel")),
    (r"E: (\w{1,20}) compression \(CONFIG_RD_\w{1,20}\) not supported by kernel",
     ("the kernel cannot read an initial RAM disk made with {0}, or its /boot/config-KERNEL is of another one: set "
      "COMPRESS in /etc/initramfs-tools/initramfs.conf to one that it reads (grep CONFIG_RD_ /boot/config-*)")),
    (r"(/(?:var/)?tmp)/mkinitramfs_\w{1,20}/[^\n]{0,200}: Permission denied",
     ("update-initramfs may not run programs in {0}, as that is mounted noexec (findmnt {0}): mount it without, or set "
      "TMPDIR in /etc/initramfs-tools/initramfs.conf to another folder")),
    # its errors alone do not end it
    ((r"dracut(?:\[F\]|(?:-install)?(?:\[E\]|: ERROR)(?=(?:[^\n]{0,300}\n){1,9}(?:update-initramfs: failed|"
      r"run-parts: /\S{1,100}dracut exited))): ([^\n]{1,200})"),
     ("dracut cannot make the initial RAM disk ({0}): if the modules of a kernel are gone, reinstall its linux-image, "
      "or remove what is left of it in /boot")),
    (r"Protocol driver not attached",
     ("the kernel that runs is too old for this release of systemd: boot a newer one (see uname -r), or go back to the "
      "release of the distribution that the kernel was made for")),
    (r"(?m)E: mkinitramfs failure [^\n]{1,80} 137$", (
        "memory ran out while update-initramfs compressed the initial RAM disk: end other programs or add swap, or set "
        "COMPRESS=gzip in /etc/initramfs-tools/initramfs.conf")),
    (r"E: mkinitramfs failure ([^\n]{1,100})",
     ("update-initramfs cannot write or compress the initial RAM disk ({0}): make room in /boot and /var/tmp, and "
      "check the storage and the memory (dmesg)")),
    (r"E: (busybox or busybox-static)[^\n]{0,80} is required but not installed",
     "update-initramfs needs {0}: install busybox"),
    (r"\b(mkimage): (?:command )?not found",
     "the program {0}, which makes files that U-Boot reads, is missing: install u-boot-tools"),
    (r"mkinitramfs: failed to determine device for /",
     ("update-initramfs cannot tell the disk of the root file system: set MODULES=most where it is set (grep -r "
      "MODULES /etc/initramfs-tools)")),
    ((r"(?m)^(?![WI]: |\S{1,60}: WARNING|update-initramfs: )([^\n]{1,200})\n"
      r"(?:(?:\S{1,60}: WARNING|[WI]: )[^\n]{0,300}\n){0,9}E: (/\S{1,200}) failed with return \d"),
     ("the script {1} of update-initramfs fails ({0}): correct that, or reinstall the package that has it (dpkg -S "
      "{1})")),
    (r"E: (/\S{1,200}) failed with return \d",
     "the script {0} of update-initramfs fails: correct it, or reinstall the package that has it (dpkg -S {0})"),
    (r"(?m)^(Unsupported platform\b[^\n]{0,80}?)\.?$",
     ("this version of flash-kernel does not know the board ({0}): if the board's vendor has one that does (apt-cache "
      "policy flash-kernel), install that. Remove the package only if the board boots without it, by extlinux.conf or "
      "GRUB")),
    ((r"((?:mv|cp|cat|ln|mkimage): [^\n]{0,100}(?:/tmp/flash-kernel|/boot/firmware/|/boot/dtbs/)[^\n]{0,200})|"
     r"(Can't find /boot/\S{0,100}) \(see /tmp/flash-kernel|(Couldn't find DTB \S{1,100})"),
     ("flash-kernel, which writes the kernel where the boot loader reads it, fails ({0}): check that its partition is "
      "mounted (/etc/fstab, /boot/firmware) and that the kernel's package is complete. Do not reboot before that")),
    (r"grub-install: error: cannot find EFI directory",
     "grub-install does not find the EFI system partition: mount it at /boot/efi (/etc/fstab)"),
    (r"grub-install: error: [^\n]{0,40}failed to register the (?:EFI |EfI )?boot entry: ([^\n]{1,80})",
     ("the firmware does not keep GRUB's entry ({0}), such as U-Boot's EFI without a place for variables: let GRUB be "
      "found without it (dpkg-reconfigure grub-efi-arm64: force the removable path, do not update the variables)")),
    (r"grub-probe: error: (failed to get canonical path of \W{0,2}(?:overlay|overlayroot|cow|rootfs|aufs|none)\b)",
     ("update-grub does not find the disk of the root file system, which is an overlay or in memory ({0}): leave its "
      "read-only mode (overlayroot), reboot, and rerun the playbook")),
    (r"(/etc/(?:kernel|initramfs)/\S{1,100}): (?:line )?\d+: ([a-z][\w+.-]{1,40}): (?:command )?not found\nrun-parts: ",
     "the program {1}, which the script {0} needs, is missing: install it (apt-file search bin/{1})"),
    (r"missing /boot/firmware, did you forget to mount it",
     ("raspi-firmware, which only the Raspberry Pi needs, does not find its partition at /boot/firmware: on any other "
      "board remove it (apt-get remove raspi-firmware), on a Raspberry Pi mount the partition (/etc/fstab)")),
    (r"run-parts: failed to exec (/\S{1,200}): ([^\n]{1,60})",
     ("the script {0} cannot be executed ({1}): if it is empty or damaged, check the storage (dmesg) and reinstall the "
      "package that has it (dpkg -S {0}), else its first line must name the shell (#!/bin/sh)")),
    # Behind it what mkimage prints of the file that it has made.
    ((r"(?m)^(?!update-initramfs: |Include the output|run-parts: |[PI]: |/etc/\S{1,100}:\n|" + _IMAGE + r")"
      r"([^\n]{1,200})\n(?:" + _IMAGE + r"[^\n]{0,200}\n){0,9}run-parts: (/etc/(?!\S{0,200}/dkms )\S{1,200}) exited "
      r"with return code"),
     "the script {1} fails ({0}): correct that, or reinstall the package that has it (dpkg -S {1})"),
    (r"run-parts: (/etc/(?!\S{0,200}/dkms )\S{1,200}) exited with return code",
     "the script {0} fails: run it by hand to see why, or reinstall the package that has it (dpkg -S {0})"),
    (r"(?:exit status|error code \()\s?13[2459]\b|dpkg (?:received a segmentation fault|exited unexpectedly)",
     ("a program of dpkg's scripts crashed, on weak boards often for want of memory or of a stable supply: try again, "
      "and check the storage (dmesg)")),
    (r"etckeeper detected uncommitted changes",
     "etckeeper lets apt run only when all changes in /etc are committed: run etckeeper commit"),
    (r"E: Failure running script ([^\n]{1,200})",
     ("a command that a file in /etc/apt/apt.conf.d sets as DPkg::Pre-Install-Pkgs fails ({0}): correct it, or "
      "reinstall the package that has that file (grep -r Pre-Install-Pkgs /etc/apt/apt.conf.d)")),
    (r"Problem executing scripts? ([\w:-]{1,60}) '([^'\n]{1,200})",
     ("a command that a file in /etc/apt/apt.conf.d sets as {0} fails ({1}): correct it, or reinstall the "
      "package that has that file (grep -r {0} /etc/apt/apt.conf.d)")),
    (r": Read-only file system", "the file system is mounted read-only: check the storage (dmesg), then remount it"),
)
