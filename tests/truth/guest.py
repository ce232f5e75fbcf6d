# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests that scenarios ask about: what they are told at boot, and the XML that libvirt gets."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import re
import sys
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from hosts import OUTSIDE, PEER, ROOT
from scenario import Asked, Scenario, ScenarioError

sys.path.insert(0, str(ROOT / "tests" / "lab"))

import cpio
import guests as lab_guests

NAMESPACE = uuid.UUID("6e1f2a9c-3b0d-4d0e-9a52-0d6f7b1c2e33")
READY = "the guest answers pings"
INITRD = "/srv/shared/truth-initrd"
# As the lab's own guest, and it also asks, each time for its neighbours too: what it reaches on the wire and behind its
# gateway it says on its console.
INIT = f"""#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mkdir -p /sys && mount -t sysfs sys /sys
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci failover net_failover virtio_net
do insmod /lib/$module.ko; done
ip link set lo up
for word in $(cat /proc/cmdline); do
  case $word in
    lab.ip=*) addresses=$(echo ${{word#lab.ip=}} | tr , ' ') ;;
    lab.mtu=*) mtu=${{word#lab.mtu=}} ;;
    lab.via=*) via=${{word#lab.via=}} ;;
    lab.ask=*) asked=$(echo ${{word#lab.ask=}} | tr , ' ') ;;
    lab.dhcp=*) dhcp=1 ;;
    lab.ip6=*) addresses6=$(echo ${{word#lab.ip6=}} | tr , ' ') ;;
  esac
done
cat > /bin/leased << 'END'
#!/bin/sh
case $1 in
  deconfig) ip address flush dev $interface; ip link set $interface up ;;
  bound|renew)
    if ! ip address show dev $interface | grep -q "inet $ip/"; then
      ip address flush dev $interface
      ip address add $ip/$mask dev $interface
      echo "leased $ip" > /dev/console
    fi
    ip route add default via $router 2> /dev/null ;;
esac
END
chmod 755 /bin/leased
number=0
for address in $addresses; do
  [ -n "$dhcp" ] || ip address add $address dev eth$number
  [ -z "$mtu" ] || ip link set eth$number mtu $mtu
  ip link set eth$number up
  number=$((number + 1))
done
number=0
for address in $addresses6; do
  [ $address = - ] || ip address add $address dev eth$number
  number=$((number + 1))
done
if [ -n "$dhcp" ]; then
  udhcpc -f -i eth0 -s /bin/leased -t 20 -T 1 -A 1 &
  client=$!
  until ip -4 address show dev eth0 | grep -q inet; do sleep 0.2; done
fi
[ -z "$via" ] || ip route add default via $via
for nic in $(ls -d /sys/class/net/eth*); do
  echo "mtu ${{nic##*/}} $(cat $nic/mtu)" > /dev/console
done
echo "{READY}" > /dev/console
while :; do
  for nic in $(ls -d /sys/class/net/eth*); do ip neigh flush dev ${{nic##*/}} 2> /dev/null; done  # ask for neighbours
  for address in $asked; do
    ! ping -c 1 -W 1 -q $address > /dev/null 2>&1 || echo "reached $address" > /dev/console
  done
  [ -z "$via" ] || ! ping -c 1 -W 1 -q {OUTSIDE} > /dev/null 2>&1 || echo "reached outside" > /dev/console
  sleep 0.4
  [ -z "$client" ] || kill -USR1 $client  # renew
done
"""


@dataclass(frozen=True)
class Nic:
    """Where a NIC can be asked: its address, and who is in its subnet."""

    address: str
    peer: Optional[str]  # on the wire
    gateway: Optional[str]  # the host that the guest is on
    address6: str = ""  # where its host has one
    gateway6: str = ""

    @property
    def ip(self) -> str:
        return self.address.partition("/")[0]

    @property
    def ip6(self) -> str:
        return self.address6.partition("/")[0]


@dataclass(frozen=True)
class Ready:
    """A guest in question, ready to be started."""

    asked: Asked
    xml: str
    nics: tuple[Nic, ...]
    key: str = ""  # of the saved guest that it can be woken from; "" when it is not booted


def write_initrd(shared: Path, made: str) -> None:
    """The kernel unpacks archives one after the other: the later init wins. made: the lab's own, as hosts see it."""
    own = gzip.compress(cpio.archive([], {"init": INIT.encode()}), mtime=0)
    lab = (shared / Path(made).relative_to("/srv/shared")).read_bytes()
    (shared / Path(INITRD).relative_to("/srv/shared")).write_bytes(lab + own)


def ready(scenario: Scenario, asked: Asked, number: int, kernel: str) -> Ready:
    if asked.xml:
        return Ready(asked, asked.xml, ())
    interfaces = [_interface(text, number, place) for place, text in enumerate(asked.interfaces)]
    nics = tuple(_nic(scenario, interface, number, place) for place, interface in enumerate(interfaces))
    domain = ET.fromstring(_domain(asked, interfaces, nics, number, kernel))
    devices = domain.find("devices")
    assert devices is not None
    for text in asked.devices:
        _put(devices, ET.fromstring(text), ("emulator",))
    for element in ET.fromstring(f"<domain>{asked.domain}</domain>"):
        _put(domain, element, (element.tag,))
    text = ET.tostring(domain, encoding="unicode")
    return Ready(asked, text, nics, _key(scenario, domain) if asked.boot else "")


def _domain(asked: Asked, interfaces: list[ET.Element], nics: tuple[Nic, ...], number: int, kernel: str) -> str:
    texts = [ET.tostring(interface, encoding="unicode") for interface in interfaces]
    options: dict[str, Any] = {"kind": "kvm" if asked.kvm else "qemu", "uuid": str(uuid.uuid5(NAMESPACE, asked.name))}
    if asked.machine:
        options["machine"] = asked.machine
    if not asked.boot:
        return lab_guests.domain_xml(asked.name, texts, memory_mib=asked.memory or 16, **options)
    via = next((nic.gateway for nic in nics if nic.gateway), None)
    cmdline = "console=ttyS0 quiet lab.ip=" + ",".join(nic.address for nic in nics)
    cmdline += f" lab.mtu={asked.mtu}" if asked.mtu else ""
    cmdline += f" lab.via={via}" if via else ""
    peers = [one for nic in nics for one in (nic.peer, nic.gateway6) if one]
    cmdline += f" lab.ask={','.join(peers)}" if peers else ""
    if any(nic.address6 for nic in nics):
        cmdline += " lab.ip6=" + ",".join(nic.address6 or "-" for nic in nics)
    cmdline += " lab.dhcp=1" if asked.dhcp else ""
    return lab_guests.domain_xml(
        asked.name, texts, memory_mib=asked.memory or 96, kernel=kernel, initrd=INITRD, cmdline=cmdline, **options
    )


def _put(parent: ET.Element, element: ET.Element, single: tuple[str, ...]) -> None:
    """single: the elements of which there is one; a new one takes the place of the old."""
    for old in parent.findall(element.tag) if element.tag in single else ():
        parent.remove(old)
    parent.append(element)


def _interface(text: str, number: int, place: int) -> ET.Element:
    """With a MAC that is the same in every scenario, so that a saved guest fits."""
    try:
        interface = ET.fromstring(text)
    except ET.ParseError as error:
        raise ScenarioError(f"an interface is no XML: {error}") from None
    if interface.find("mac") is None:
        interface.insert(0, ET.Element("mac", address=f"52:54:00:77:{number:02x}:{place:02x}"))
    if interface.find("model") is None:
        ET.SubElement(interface, "model", type="virtio")
    return interface


def _nic(scenario: Scenario, interface: ET.Element, number: int, place: int) -> Nic:
    source = interface.find("source")
    network = source.get("network") if source is not None else None
    for definition in scenario.source.networks:
        root = ET.fromstring(definition.get("live") or definition["xml"])
        if root.findtext("name") == network:
            subnet = _subnet(root) or _subnet_of_bridge(scenario, root)
            address6, gateway6 = _ipv6(root, 5 + place + number * 8)
            if not subnet and gateway6:
                return Nic(f"10.77.{place}.{5 + number}/24", None, None, address6, gateway6)
            if subnet:
                guest = subnet.network.broadcast_address - 5 - place - number * 8
                return Nic(f"{guest}/{subnet.network.prefixlen}", None, str(subnet.ip), address6, gateway6)
    return Nic(f"10.77.{place}.{5 + number}/24", f"10.77.{place}.{PEER}", None)


def _subnet(network: ET.Element) -> Optional[ipaddress.IPv4Interface]:
    for ip in network.findall("ip"):
        if ip.get("family", "ipv4") == "ipv4" and ip.get("address"):
            return ipaddress.IPv4Interface(f"{ip.get('address')}/{ip.get('prefix') or ip.get('netmask') or 24}")
    return None


def _ipv6(network: ET.Element, number: int) -> tuple[str, str]:
    """Addresses of a guest and of its host, with this many others before the guest's."""
    for ip in network.findall("ip[@family='ipv6']"):
        own = ipaddress.IPv6Interface(f"{ip.get('address')}/{ip.get('prefix') or 64}")
        return f"{own.network.network_address + 0x7700 + number}/{own.network.prefixlen}", str(own.ip)
    return "", ""


def _subnet_of_bridge(scenario: Scenario, network: ET.Element) -> Optional[ipaddress.IPv4Interface]:
    """Of a bridge of the host's own without uplink, for which the host is the router."""
    bridge = network.find("bridge")
    for link in scenario.source.links:
        if bridge is not None and link["name"] == bridge.get("name") and not link.get("members"):
            return next(map(ipaddress.IPv4Interface, link.get("addresses") or ()), None)
    return None


def _key(scenario: Scenario, domain: ET.Element) -> str:
    """Guests that differ only in what they are plugged in to can be woken from the same saved one."""
    root = ET.fromstring(ET.tostring(domain))
    networks = " ".join(sorted({size for one in scenario.source.networks
                                for size in re.findall(r"<mtu [^>]*>", one["xml"] + one.get("live", ""))}))  # fmt: skip
    for interface in root.findall("devices/interface"):
        for child in list(interface):
            # The state of its link is saved with the guest.
            if child.tag not in ("mac", "model", "mtu", "driver", "link"):
                interface.remove(child)
        interface.attrib.pop("type", None)
    text = ET.tostring(root, encoding="unicode") + networks + scenario.source.release
    return hashlib.sha256(text.encode()).hexdigest()[:16]
