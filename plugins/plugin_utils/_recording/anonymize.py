# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Replace what identifies a board, its owner or its network: the same value always by the same replacement.

A replacement has the form of the value, so facts can still be gathered from the text. Boards' models, kernel releases
and versions are kept.
"""

from __future__ import annotations

import collections
import ipaddress
import re

from .names import COMMON_NAMES, DOMAINS_OF_UNITS

REMOVED = "(removed)"
UUID, MACHINE_ID, MAC, IPV4, IPV6 = "UUID", "machine ID", "MAC address", "IPv4 address", "IPv6 address"
SERIAL, HOST, USER, NETWORK, DISK, SECRET = "serial number", "host", "user", "network name", "disk", "secret"
NAME = "name"
_HEX = "[0-9A-Fa-f]"
# No honest board has as many names; more would hold the controller up.
_MOST_WORDS = 2000
# Both sides of a word that was found elsewhere, such as a host's name.
_BEFORE, _AFTER = r"(?<![^\W_])", r"(?![^\W_])"

# What follows is removed, whatever it is.
_SECRETS = (
    re.compile(r"-----BEGIN [^-\n]+-----.*?(?:-----END [^-\n]+-----|\Z)", re.DOTALL),
    re.compile(r"\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+|sk-[\w@.-]+) AAAA[A-Za-z0-9+/=]+(?: [^\n\"]*)?"),
    re.compile(
        r"(?i)(?P<key>(?:passw(?:or)?d|passphrase|passwort|psk|secret|token|api_?key|private_?key|credential)"
        r"[\w-]{0,40}[\"']?[ \t]{0,8}[=:][ \t]{0,8})(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s,;\"']+)"
    ),
    re.compile(r"(?m)^(?P<key>[ \t]{0,20}password(?:_pbkdf2)?[ \t]{1,8})(?P<value>\S[^\n]*)"),
)
_SECRET_KEY = re.compile(r"(?i)[\w.-]*(?:passw(?:or)?d|passphrase|psk|secret|token|api_?key|private_?key|credential)\Z")
# Where a value is known by its name. It is then replaced wherever it stands.
_LEARNED = (
    (SERIAL, re.compile(
        r"(?i)(?:serial(?:no|_?number)?|cpuid|chipid|imei|meid|android_id)[\"']?(?:[ \t]{0,8}:[ \t]{0,8}|=)[\"']?"
        r"([0-9A-Za-z][0-9A-Za-z_-]{5,63})\b")),
    (MAC, re.compile(r"(?i)(?:mac|addr)\w{0,12}=([0-9a-f]{12})\b")),
    (HOST, re.compile(r"(?i)(?:hostname|\"host|\"controller_host)[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?([\w.-]{2,253})")),
    (HOST, re.compile(r"\bnfs4? ([A-Za-z][\w.-]+):/")),
    (HOST, re.compile(r"(?m)^([A-Za-z][\w.-]+):/\S* \S+ nfs")),
    (HOST, re.compile(r"\bnfsroot=([A-Za-z][\w.-]+):")),
    (HOST, re.compile(r"(?i)\bip=[^:\s]*:[^:\s]*:[^:\s]*:[^:\s]*:([\w.-]{2,253})(?=[:\s]|\Z)")),
    (HOST, re.compile(r"\([^()\s@]{1,64}@(?!\d{4}-\d\d-)([^()\s@]{1,253})\)")),
    (USER, re.compile(r"(?i)\b(?:user(?:name)?|login)[\"']?[ \t]{0,8}[=:][ \t]{0,8}[\"']?([A-Za-z_][\w.-]{1,31})\b")),
    (USER, re.compile(r"\(([^()\s@]{1,64})@(?!\d{4}-\d\d-)[^()\s@]{1,253}\)")),
    (USER, re.compile(r"/(?:home|Users)/([^/\s:\"',;]{2,64})")),
    (USER, re.compile(r"/(?:run/)?media/(?!root-r[ow]\b)([^/\s:\"',;]{2,64})")),
    (NETWORK, re.compile(r"(?i)ssid[\"']?[ \t]{0,8}[=:][ \t]{0,8}(\"[^\"\n]{1,64}\"|'[^'\n]{1,64}'|[^\s,;\"']{1,64})")),
)
# Known by their form. The first that matches at a place counts.
_FORMS = (
    (UUID, r"(?<!{h}){h}{{8}}-(?:{h}{{4}}-){{3}}{h}{{12}}(?!{h})"),
    (UUID, r"(?<=UUID=){h}{{4,32}}(?:-{h}+)*(?![0-9A-Za-z])"),
    (UUID, r"(?:(?<=UUID=[\"'])|(?<=uuid/)|(?<=uuid=)|(?<=--set=root )){h}{{4,32}}(?:-{h}+)*(?![0-9A-Za-z])"),
    (MACHINE_ID, r"(?<![0-9A-Za-z])[0-9a-f]{{32}}(?![0-9A-Za-z])"),
    (MAC, r"(?<!{h}){h}{{2}}(?P<separator>[:-])(?:{h}{{2}}(?P=separator)){{4}}{h}{{2}}(?!{h})"),
    (IPV4, r"(?<![\w.])(?<![\w.][~+-])(?:\d{{1,3}}\.){{3}}\d{{1,3}}(?![\w]|\.\d|[~+]|-[A-Za-z])"),
    (IPV4, r"(?<![\d.])(?:10|172|192|169|100)(?:\.\d{{1,3}}){{3}}(?!\d|\.\d)"),
    (IPV6, r"(?<![0-9A-Za-z:.]){h}{{0,4}}(?::{h}{{0,4}}){{2,7}}(?![0-9A-Za-z:.])"),
    (HOST, r"\b[a-z][a-z0-9+.-]{{0,20}}://(?:[^\s/@\"'<>]*@)?[^\s/:\"'<>?#]+"),
    (USER, r"(?<![\w.+-])[A-Za-z][\w.+-]*@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{{2,24}}(?![\w-])"),
    (DISK, r"(?<=/by-id/)[^\s/\"',;]+|\biqn\.\d{{4}}-\d\d\.[\w.:-]+"),
)
_FORM = re.compile("|".join(
    f"(?P<f{number}>{pattern.format(h=_HEX)})" for number, (dummy, pattern) in enumerate(_FORMS)))


def remaining(text):
    """Return the UUIDs and addresses in a text that are no replacements, as far as their form tells."""
    found = []
    for match in _FORM.finditer(text):
        kind = _kind_of(match)
        by_form = kind in _REPLACED and not _REPLACED[kind].match(match[0])
        if by_form and Anonymizer().apply(match[0]) != match[0]:
            found.append(match[0])
    return found


def _kind_of(match):
    """Return the kind of value whose form has matched."""
    return next(kind for number, (kind, dummy) in enumerate(_FORMS) if match[f"f{number}"])


_REPLACED = {
    UUID: re.compile(r"[0-]{4}"), MACHINE_ID: re.compile(r"0{16}"), MAC: re.compile(r"02[:-]00[:-]"),
    IPV4: re.compile(r"192\.0\.2\.|198\.(?:51\.100|1[89])\.|203\.0\.113\."), IPV6: re.compile(r"2001:db8:"),
}


class Anonymizer:
    """Replaces values in texts. First learn() all texts, then apply() to them."""

    def __init__(self, known=(), public=()):
        """Take the values that are known beforehand.

        Args:
            known: Pairs of a kind, such as HOST, and a value to replace wherever it stands as a word.
            public: Texts whose words no name replaces, such as the model of the board and its kernel's release.
        """
        self.kept: list[str] = []
        """Names that are not replaced, because they are also words of `public`."""
        self._public = "\n".join(public).lower()
        self._words: dict[str, str] = {}
        self._made: dict[tuple[str, str], str] = {}
        self._count: collections.Counter[str] = collections.Counter()
        self._pattern: re.Pattern | None = None
        for kind, value in known:
            self._add(kind, value)

    def learn(self, text):
        """Find the values in a text that only their names give away, such as `hostname=`."""
        text = self._without_secrets(text)
        for kind, pattern in _LEARNED:
            for found in pattern.finditer(text):
                value = (found[found.lastindex] or "").strip("\"'")
                if not (kind == SERIAL and (not re.search(r"\d", value) or value.lower().startswith("tty"))):
                    self._add(kind, value)

    def apply(self, value):
        """Return a text, or a tree of lists and dictionaries, with replacements."""
        if isinstance(value, dict):
            return {self.apply(key): self._removed_value(item) if isinstance(item, str) and _SECRET_KEY.match(key)
                    else self.apply(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.apply(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def counts(self):
        """Return `{kind: number of different values that were replaced}`."""
        return dict(sorted(collections.Counter(kind for kind, dummy in self._made).items()))

    def _add(self, kind, value):
        value = str(value or "").strip()
        lowered = value.lower()
        # What the operator asks for is replaced, even if others have the same name.
        common = kind != NAME and (len(value) < 3 or lowered in COMMON_NAMES)
        if common or not value.strip("0") or lowered in self._words or len(self._words) >= _MOST_WORDS:
            return
        if kind not in (SERIAL, MAC) and (_FORM.fullmatch(value) or re.fullmatch(r"[\d.]+", value)):
            return  # an address, which its form gives away anyway, or a number
        if kind not in (SERIAL, MAC) and re.search(_BEFORE + re.escape(lowered) + _AFTER, self._public):
            if value not in self.kept:
                self.kept.append(value)
            return
        self._words[lowered] = kind
        self._pattern = None

    def _text(self, text):
        text = self._without_secrets(text)
        if self._pattern is None:
            words = sorted(self._words, key=len, reverse=True)
            known = f"|(?P<word>(?i:{_BEFORE}(?:{'|'.join(map(re.escape, words))}){_AFTER}))"
            self._pattern = re.compile(_FORM.pattern + (known if words else ""))
        return self._pattern.sub(self._replacement, text)

    def _without_secrets(self, text):
        for pattern in _SECRETS:
            text = pattern.sub(self._removed, text)
        return text

    def _removed_value(self, value):
        if value:
            self._made.setdefault((SECRET, value), REMOVED)
        return REMOVED if value else value

    def _removed(self, match):
        groups = match.groupdict()
        value = groups.get("value", match[0]).strip("\"'")
        if value in ("", REMOVED):
            return match[0]
        self._made.setdefault((SECRET, value), REMOVED)
        return groups.get("key", "") + (groups["value"].replace(value, REMOVED) if "value" in groups else REMOVED)

    def _replacement(self, match):
        if match.groupdict().get("word"):
            value = match[0].lower()
            return self._of(self._words[value], value)
        kind = _kind_of(match)
        return _BY_FORM.get(kind, Anonymizer._of)(self, kind, match[0])

    def _of(self, kind, value):
        """Return the replacement of a value, the same each time."""
        kind = self._words.get(value.lower(), kind)
        key = (kind, value.lower())
        if key not in self._made:
            self._count[kind] += 1
            self._made[key] = _make(kind, value, self._count[kind])
        return self._made[key]

    def _uuid(self, kind, value):
        parts = value.split("-")
        if len(parts) == 2 and len(parts[0]) == 8 and len(parts[1]) == 2:
            # A partition of a disk with an MBR: PARTUUID=12345678-02.
            return f"{self._of(kind, parts[0])}-{parts[1]}"
        return self._of(kind, value)

    def _mac(self, kind, value):
        plain = re.sub("[:-]", "", value)
        return value[2].join(re.findall("..", self._of(kind, plain)))

    def _ipv4(self, kind, value):
        numbers = [int(part) for part in value.split(".")]
        return value if max(numbers) > 255 or numbers[0] in (0, 127, 255) else self._of(kind, value)

    def _ipv6(self, kind, value):
        try:
            address = ipaddress.IPv6Address(value)
        except ValueError:
            return value
        return value if int(address) < 2 else self._of(kind, address.exploded)

    def _url(self, kind, value):
        scheme, dummy, rest = value.partition("://")
        user, at, host = rest.rpartition("@")
        host = host if host.lower() in COMMON_NAMES else self._host(kind, host)
        return f"{scheme}://{self._of(USER, user) if user else ''}{at}{host}"

    def _host(self, kind, value):
        try:
            return (self._ipv4 if "." in value and ipaddress.IPv4Address(value) else self._of)(IPV4, value)
        except ValueError:
            return self._of(kind, value)

    def _email(self, kind, value):
        user, dummy, host = value.partition("@")
        if host.rpartition(".")[2].lower() in DOMAINS_OF_UNITS:
            return value
        return f"{self._of(kind, user)}@{self._of(HOST, host)}"

    def _disk(self, kind, value):
        name, part, number = value.partition("-part")
        return self._of(kind, name) + part + number


_BY_FORM = {
    UUID: Anonymizer._uuid, MAC: Anonymizer._mac, IPV4: Anonymizer._ipv4, IPV6: Anonymizer._ipv6,
    HOST: Anonymizer._url, USER: Anonymizer._email, DISK: Anonymizer._disk,
}


# The ranges for documentation, then the one for benchmarks.
_NETWORKS = [ipaddress.ip_network(text)
             for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15")]


def _make(kind, value, number):
    """Return a replacement that has the form of a value."""
    if kind in (UUID, SERIAL):
        return _digits(value, number)
    if kind == MACHINE_ID:
        return f"{number:032d}"
    if kind == MAC:
        return f"02{number:010x}"
    if kind == IPV4:
        for network in _NETWORKS:
            if number < network.num_addresses - 1:
                return str(network[number])
            number -= network.num_addresses - 2
        return "0.0.0.0"
    if kind == IPV6:
        return str(ipaddress.IPv6Address("2001:db8::") + number)
    if kind == HOST:
        return f"host{number}{'.example' if '.' in value else ''}"
    if kind == DISK and value.startswith("iqn."):
        return f"iqn.2000-01.example:{number}"
    return {USER: "user", NETWORK: "network", DISK: "disk"}.get(kind, "name") + str(number)


def _digits(value, number):
    """Return a value of the same length with a number at its end; hyphens stay where they are."""
    places = sum(1 for character in value if character != "-")
    digits = iter(str(number).zfill(places)[-places:])
    return "".join(character if character == "-" else next(digits) for character in value)
