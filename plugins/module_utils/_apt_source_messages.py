# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What apt says of repositories, keys and the network, and what to do: rows as in _apt_messages."""

from __future__ import annotations

_CLOCK = ("set the board's time (timedatectl set-ntp true, or date --set), as it has no clock that runs without power, "
          "or an empty one")
# Without the blank behind it, a long word would be divided in each possible way. The first lines of apt's output, which
# begin with Err:, have the reason on the next line.
_SIGNED = ("(?:GPG error: |signature verification failed: |repository '|Failed to fetch |Err:\\d+ )(\\S+) "
           "(?:[^\n]{0,100}\n  (?! ))?[^\n]{0,300}?")
_MOVED = "a release that is not maintained moves to archive.debian.org or old-releases.ubuntu.com"

SOURCES = (
    ((r"Malformed (?:entry|line|stanza) (\d+) in (?:list|source|sources)[ \w]{0,12} (/\S+)|"
     r"Type '[^'\n]{1,60}' is not known on (?:line|stanza) (\d+) in source list (/\S+)"),
     "entry {0} of {1} is malformed: correct or remove it"),
    (r"Syntax error (/\S{1,200}?):(\d{1,6}): ",
     "{0} has an error in line {1} or before it, such as a missing semicolon: correct it"),
    (r"Invalid record in the preferences file|No priority \(or zero\) specified for pin|Did not understand pin type",
     "a file in /etc/apt/preferences or preferences.d is malformed: correct or remove it"),
    (r"(?:Unable to read|Opening configuration file|Could not open file) (/etc/apt/\S{1,200}) - \S{1,40} \((?:2|13): ",
     "apt cannot read {0}: correct its owner and mode (root, 644, for folders 755), or the link that it is"),
    (r"(?:Lists?|Archives?) directory (\S{1,200}) is missing", "the folder {0} is missing: make it (mkdir -p {0})"),
    (r"Conflicting values set for option Signed-By regarding source (\S+)",
     "two files in /etc/apt/sources.list.d have the repository {0} with different keys: remove one of them"),
    (r"Conflicting values set for option ([\w-]{1,40}) regarding source (\S+)",
     "two files in /etc/apt/sources.list.d have the repository {1} with different values of {0}: remove one of them"),
    (r"Invalid value set for option ([\w-]{1,40}) regarding source (\S+)",
     "the entry of repository {1} in /etc/apt/sources.list.d has a value of {0} that apt does not take: correct it"),
    ((r"Release file for \S+ is not valid yet|certificate chain uses not yet valid|certificate is not yet valid|"
     r"not yet activated|key is not valid yet|[Nn]ot live until"), "the board's clock is behind: " + _CLOCK),
    (r"Release file for (\S+) is expired",
     ("repository {0} is expired, because it is archived and no longer maintained, or the board's clock is ahead: "
      "check the date, else use the archive of the distribution (archive.debian.org, old-releases.ubuntu.com)")),
    ((r"Couldn't create temp(?:orary )?files? [^\n]{0,30}(?:/tmp|/var/lib/apt/lists)|Could not execute 'apt-key' to "
     r"verify"),
     ("apt cannot make temporary files to check signatures: set the mode of /tmp (chmod 1777 /tmp), make room there, "
      "and install gpgv")),
    (r"gpgv[\w, ]{0,30} required for verification|gnupg[\w, ]{0,30} do(?:es)? not seem to be installed",
     "apt has no program to check signatures: install gpgv"),
    (r"Failed to parse keyring \"(/[^\"\n]{1,200})\"[^\n]{0,300}?: No such file",
     ("the file of keys {0}, which the repository's entry in /etc/apt/sources.list.d names (Signed-By), is missing: "
      "install its vendor's keyring package, or put the key there")),
    (r"Failed to parse keyring \"(/[^\"\n]{1,200})\"[^\n]{0,300}?: Permission denied",
     "apt's user _apt may not read the keys in {0}: chmod 644 {0}, and 755 for the folders above"),
    (r"Failed to parse keyring \"(/[^\"\n]{1,200})\"",
     ("{0} is not a file of keys that apt reads, but empty, a web page, or a database of gpg (keybox): replace it by "
      "the key as its vendor publishes it (what is text needs a name that ends with .asc)")),
    ((r"\A(?=[\s\S]*(?:NO_PUBKEY|Missing key|is not signed))[\s\S]*? keyring(?:\(s\))? (\S{1,200}) are ignored as the "
      r"file (?:is not readable|has an unsupported filetype)"),
     ("apt does not use the keys in {0}: its user _apt may not read the file (chmod 644 {0}), or it has another format "
      "than its name says (.gpg is binary, .asc is text)")),
    (_SIGNED + r"(?:NOSPLIT|NO ?DATA|does the network require auth)",
     ("another page came instead of {0}, such as one of a proxy or of a network that requires a login, or its server "
      "no longer has the repository: fetch the address from the board to see it, then correct network, proxy or "
      "sources")),
    (_SIGNED + r"(?:EXPKEYSIG|KEYEXPIRED|Expired on \d{4})",
     ("the key with which repository {0} is signed has expired: install its vendor's current key (its keyring package, "
      "or a file in /etc/apt/keyrings)")),
    (_SIGNED.replace("300", "700")
     + r"(?:(SHA1|MD5|[DR]SA\d{3,4}) is not considered secure|untrusted public key algorithm: (\w{1,20}))",
     ("the key of repository {0} is made or certified with {1}, which this release of apt no longer accepts: install "
      "its vendor's current key; if there is none, ask the vendor for one, or remove the repository")),
    (r"No binding signature at time (\d{4}-\d\d-\d\d)T[\d:]{8}Z(?!\s+because: Policy)",
     "the key of a repository is not valid on {0}, which is the day by the board's clock: if that is wrong, " + _CLOCK
     + ". Else install its vendor's current key"),
    (_SIGNED + r"(?:NO_PUBKEY|Missing key) ([0-9A-F]{8,40})",
     ("the key {1} with which repository {0} is signed is not on the board: install its vendor's keyring package, or "
      "the key in /etc/apt/trusted.gpg.d")),
    (_SIGNED + r"(?:BADSIG|REVKEYSIG|ERRSIG)",
     "the signature of repository {0} is not valid: install its vendor's current key, or remove the repository"),
    (_SIGNED + r"At least one invalid signature was encountered",
     ("the signature of repository {0} could not be checked, as with a full disk, damaged lists or a damaged key: make "
      "room, remove the files in /var/lib/apt/lists, run apt-get update, and reinstall its vendor's key if that "
      "fails")),
    (r"Redirection from https to '(http://[^'\n]{1,200})' is forbidden",
     "the repository sends the board from https to {0}, which apt refuses: use another mirror, or http://"),
    ((r"repository '(\S+ \S+)[^'\n]{0,80}' provides only weak security information|"
      r"Failed to fetch (\S+) [^\n]{0,20}No Hash entry in Release file"),
     ("the Release file of repository {0} has no hash that this release of apt accepts (SHA256): use a newer address "
      "of the repository if its vendor has one, or remove it")),
    (r"Please use apt-cdrom|repository 'cdrom:",
     "a line in /etc/apt/sources.list names the disc from which the system was installed (cdrom:): remove it"),
    ((r"(?:file|copy):(?://)?(/\S{0,200}?)(?:/\.)? [^\n]{0,300}\(13: Permission denied\)|"
     r"Failed to fetch (?:file|copy):(?://)?(/\S{1,200}) [^\n]{0,300}Permission denied"),
     ("apt's user _apt may not read the local repository {0}: move it to a folder that all users can read (not /root), "
      "and correct the modes")),
    (r"repository '(?:file|copy):(?://)?(/\S{0,200}) [^'\n]{0,80}' (?:does not have|no longer has) a Release file",
     ("the local repository {0} has no Release file: mount or copy what belongs there, make the file (apt-ftparchive "
      "release), or remove its line in /etc/apt/sources.list or sources.list.d")),
    (r"repository '(\S+ \S+)[^'\n]{0,80}' (?:does not have|no longer has) a Release file",
     "repository {0} does not exist, or no longer, or not for this release of the distribution: " + _MOVED
     + ". Correct or remove its line in /etc/apt/sources.list or sources.list.d"),
    (r"value '([^'\n]{1,60})' is invalid for APT::Default-Release",
     ("APT::Default-Release is {0}, which no repository of the board has: remove it from its file (grep -r "
      "Default-Release /etc/apt)")),
    (r"Repository '(\S+ \S+)[^'\n]{0,80}' changed its '[^'\n]{1,40}' value",
     ("repository {0} reports another release than before: run apt-get update "
      "--allow-releaseinfo-change once")),
    (r"certificate chain uses expired certificate",
     ("the certificate of the repository's server has expired, or the board's clock is ahead: check the date, else use "
      "another mirror until its owner renews it")),
    (r"name in the certificate does not match|hostname mismatch",
     ("another server answers in place of the repository, with a certificate for another name, such as a proxy or a "
      "network that requires a login: fetch the address from the board to see it, then correct network, proxy or "
      "mirror")),
    (r"[Cc]ertificate verif(?:ication|y) failed|certificate is NOT trusted|No system certificates available",
     "the repository's certificate is not trusted: install ca-certificates, and check the board's date and proxy"),
    (r"(?:Temporary failure resolving|wicked happened resolving|Could not resolve(?: host:?)?) '?([\w.-]{1,100})",
     "the board cannot resolve the name {0}: check its network, DNS and proxy (/etc/apt/apt.conf.d)"),
    (r"method driver \S{0,100}/methods/([\w+-]{1,40}) could not be found|Unable to find expected method (\w{1,40})",
     ("apt cannot read repositories whose address begins with {0}: install apt-transport-{0}, or use addresses that "
      "begin with http")),
    (r"407 +Proxy Auth|Unsupported proxy configured|HTTP code (?:403|407) from proxy|Invalid response from proxy",
     ("the proxy refuses the board: correct its address, user and password (Acquire::http::Proxy in "
      "/etc/apt/apt.conf.d, or the environment)")),
    ((r"(?:Failed to fetch |Err:\d+ )(\S+) [^\n]{0,300}?(?:gnutls_handshake\(\) failed|Could not handshake|SSL "
     r"connection failed|TLS connection was non-properly)"),
     ("no encrypted connection to {0} could be made: check the board's date, proxy and firewall, or use another mirror "
      "or its address with http://")),
    (r"connect(?:ion)? to (?:([\w.-]{1,100}):\d{1,5} \()?(0\.0\.0\.0)[:)]",
     ("the board's DNS answers with the address 0.0.0.0, as filters such as Pi-hole or AdGuard do: allow the names of "
      "the repositories there, or set another DNS server")),
    ((r"(?:Could not connect to|Cannot initiate the connection to|Unable to connect to) ([\w.:-]{0,99}\w)|"
     r"(?:Failed to fetch|Err:\d+) (\S+) [^\n]{0,300}?(?:Connection (?:timed out|refused|failed|reset)|Network is "
      r"unreachable|socket timed out|reading from server|Undetermined Error|caused connection abort|Operation too slow|"
      r"No route to host|Could not wait for server)"),
     "the board cannot reach {0}: check its network and proxy (/etc/apt/apt.conf.d)"),
    (r"Failed to fetch (\S+\.deb)\s+404",
     "the repository no longer has {0}, because the board's package lists are older: run apt-get update"),
    (r"Failed to fetch https?://([\w.:-]{1,100})/ubuntu/\S{1,200}/binary-(arm\w+)/\S+\s+404",
     ("{0} has no packages for {1} in its folder ubuntu: use the mirror's ubuntu-ports or "
      "http://ports.ubuntu.com/ubuntu-ports in its place, or keep the source from other architectures (arch=, "
      "Architectures:)")),
    (r"Failed to fetch https?://(\S{1,100}/ubuntu-ports)/\S{1,200}/binary-(amd64|i386)/\S+\s+404",
     ("{0} has no packages for {1}, which was added to this system (dpkg --print-foreign-architectures): keep its "
      "entry to arm64 (arch=, Architectures:), and take those from http://archive.ubuntu.com/ubuntu, or remove {1} "
      "(dpkg --remove-architecture {1}) if nothing needs it")),
    (r"Failed to fetch (\S+) +Unable to find expected entry '([^'\n]{1,100})",
     ("repository {0} has no {1}: remove this component or architecture from its line in /etc/apt/sources.list or "
      "sources.list.d")),
    (r"Failed to fetch (\S+)\s+404\b", "the repository no longer has {0}: " + _MOVED + ", and mirrors may be "
     "incomplete. Correct its line in /etc/apt/sources.list or sources.list.d, or use another mirror"),
    (r"Failed to fetch (https://enterprise\.proxmox\.com)/\S+\s+401\b",
     ("{0} is only for hosts with a subscription: use http://download.proxmox.com/debian with pve-no-subscription in "
      "its place, or remove it")),
    (r"Failed to fetch (https://esm\.ubuntu\.com)/\S+\s+40[13]\b",
     ("{0} is only for systems that are attached to Ubuntu Pro: attach this one (pro attach), or remove what names it "
      "(grep -rl esm.ubuntu.com /etc/apt)")),
    (r"Failed to fetch (\S+)\s+(40[13]|451)\b",
     ("the server does not let the board fetch {0} (HTTP {1}): check the proxy, and whether the repository is still "
      "public. If it is closed, correct or remove its line in /etc/apt/sources.list or sources.list.d")),
    (r"Failed to fetch (\S+)\s+([45]\d\d)\b",
     "the server or the proxy fails with {0} (HTTP {1}): try again later, or use another mirror"),
    ((r"Failed to fetch (\S+) [^\n]{0,300}?(?:Hash Sum mismatch|unexpected size|Clearsigned file isn't valid|"
     r"Splitting up \S{1,200} into data and signature failed|Bad header (?:line|data)|Empty files can't be|"
      r"Redirection loop|server sent an invalid|broken range support|"
      r"Read error \(\d|Patch hash mismatch)"),
     "{0} arrived damaged, or its mirror is being updated: try again later, or use another mirror or no proxy"),
    (r"unauthenticated packages and -y was used",
     ("the packages are from a repository whose signature could not be checked: run apt-get update and install the key "
      "that it requires")),
    (_SIGNED + r"(?:is (?:not|no longer) signed|/sqv returned an error code)",
     "repository {0} has no valid signature: install its vendor's current key, or remove the repository"),
)
