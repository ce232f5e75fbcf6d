# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client in a network namespace of its own, plugged into a network's bridge, that asks the network's dnsmasq."""

from __future__ import annotations

import ipaddress
import subprocess
from pathlib import Path

import tools

NAMESPACE, OUTER, INNER = "truth-client", "tclient0", "tclient1"
# Longer than a port of a bridge that speaks STP takes to forward.
SECONDS = 6
# DHCPDISCOVER (RFC 2131) with the broadcast flag; a query for the name "x" (RFC 1035).
ASK = """
import socket, struct, sys, time
gateway, link, wanted, seconds = sys.argv[1], sys.argv[2], sys.argv[3].split(","), float(sys.argv[4])
mac = bytes.fromhex(open(f"/sys/class/net/{link}/address").read().strip().replace(":", ""))
discover = struct.pack("!BBBBIHHIIII16s192x4s", 1, 1, 6, 0, 0x7766, 0, 0x8000, 0, 0, 0, 0, mac, b"\\x63\\x82\\x53\\x63")
discover += b"\\x35\\x01\\x01\\xff" + bytes(60)
query = b"\\x77\\x66\\x01\\x00\\x00\\x01" + bytes(6) + b"\\x01x\\x00\\x00\\x01\\x00\\x01"
dns, dhcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
dhcp.bind(("", 68))
ways = {"DNS": (dns, query, (gateway, 53)), "DHCP": (dhcp, discover, ("255.255.255.255", 67))}
answered, until = set(), time.monotonic() + seconds
while set(wanted) - answered and time.monotonic() < until:
    for name in set(wanted) - answered:
        one, text, to = ways[name]
        one.settimeout(0.3)
        try:
            one.sendto(text, to)
            one.recvfrom(2000)
            answered.add(name)
        except OSError:
            time.sleep(0.1)
print(*sorted(answered))
"""


def ask(bridge: str, gateway: str, wanted: list[str]) -> set[str]:
    """Which of DNS and DHCP answer. gateway: the host's address on the bridge, with its prefix."""
    interface = ipaddress.IPv4Interface(gateway)
    own = f"{interface.network.broadcast_address - 9}/{interface.network.prefixlen}"
    mtu = Path(f"/sys/class/net/{bridge}/mtu").read_text().strip()
    tools.run("ip", "netns", "add", NAMESPACE)
    try:
        tools.ip([
            f"link add {OUTER} mtu {mtu} type veth peer name {INNER} mtu {mtu} netns {NAMESPACE}",
            f"link set {OUTER} master {bridge} up",
        ])  # fmt: skip
        inside = ["ip", "netns", "exec", NAMESPACE]
        tools.run(*inside, "ip", "address", "add", own, "dev", INNER)
        tools.run(*inside, "ip", "link", "set", INNER, "up")
        asked = [str(interface.ip), INNER, ",".join(wanted), str(SECONDS)]
        done = subprocess.run(
            [*inside, "python3", "-c", ASK, *asked], capture_output=True, text=True, check=True, timeout=30
        )
        return set(done.stdout.split())
    finally:
        tools.run("ip", "netns", "delete", NAMESPACE)
