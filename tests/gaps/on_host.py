# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a lab host and watches, for some seconds, or until there is a file /run/gaps-stop.

on_host.py pings SECONDS TAP=ADDRESS...: the pings and answers that reach each guest, with the kernel's time of each.
on_host.py stream SECONDS FROM TO ADDRESS: a TCP connection between two network namespaces (- is the host's own), with
what came in each tenth of a second.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import subprocess
import sys
import time

STOP = "/run/gaps-stop"
ETH_P_ALL, SO_TIMESTAMPNS, PACKET_OUTGOING = 0x0003, 35, 4
RATE = 5_000_000  # bytes a second: the connection, not the machine, is what is measured
PORT, CHUNK = 7778, 50_000


def pings(seconds: float, taps: list[str]) -> dict:
    """taps: each with the address of its guest, since a bridge may flood what is for another.

    By tap and the address at the other end: the longest time without a frame from there in milliseconds (a guest also
    sends pings of its own, the host only answers), how many answers are missing, and how many of these in a row.
    """
    links = {}
    for tap, _equals, own in (one.partition("=") for one in taps):
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        link.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        link.bind((tap, 0))
        links[link] = (tap, socket.inet_aton(own))
    frames: dict[str, list[float]] = {}
    answers: dict[str, list[int]] = {}
    until = time.monotonic() + seconds
    while time.monotonic() < until and not os.path.exists(STOP):
        for link in select.select(list(links), [], [], 0.1)[0]:
            frame, extra, _flags, where = link.recvmsg(128, 64)
            # A ping (ICMP type 8) or an answer (0) of IPv4 on its way to the guest.
            tap, own = links[link]
            if where[2] != PACKET_OUTGOING or frame[12:14] != b"\x08\x00" or frame[23] != 1 or frame[30:34] != own:
                continue
            name = f"{tap} {socket.inet_ntoa(frame[26:30])}"
            second, part = struct.unpack("qq", extra[0][2])
            frames.setdefault(name, []).append(second + part / 1e9)
            if frame[34] == 0:
                answers.setdefault(name, []).append(struct.unpack(">H", frame[40:42])[0])
    return {name: _seen(frames[name], numbers) for name, numbers in answers.items() if len(numbers) > 1}


def _seen(times: list[float], numbers: list[int]) -> dict:
    steps = [(later - one - 1) % 65536 for one, later in zip(numbers, numbers[1:])]
    # One that overtook another is not a round of all numbers.
    missing = [step if step < 32768 else 0 for step in steps]
    silence = max(later - one for one, later in zip(times, times[1:]))
    return {"silence_ms": round(silence * 1000, 1), "missing": sum(missing), "in_a_row": max(missing)}


def stream(seconds: float, source: str, target: str, address: str) -> list[int]:
    """Bytes that came in each tenth of a second; an error ends it."""
    receiver = subprocess.Popen([*_in(target), "receive", str(seconds), address], stdout=subprocess.PIPE, text=True)
    time.sleep(0.5)
    with subprocess.Popen([*_in(source), "send", str(seconds), address]):
        said, _errors = receiver.communicate(timeout=seconds + 30)
    return list(json.loads(said))


def _in(namespace: str) -> list[str]:
    own = [sys.executable, os.path.abspath(__file__)]
    return own if namespace == "-" else ["ip", "netns", "exec", namespace, *own]


def receive(seconds: float, address: str) -> list[int]:
    with socket.create_server((address, PORT)) as server:
        connection, _peer = server.accept()
        connection.settimeout(0.1)
        begun = time.monotonic()
        found = [0] * int(seconds * 10)
        while (place := int((time.monotonic() - begun) * 10)) < len(found):
            try:
                data = connection.recv(1 << 20)
            except socket.timeout:  # TimeoutError only since Python 3.10
                continue
            if not data:
                break
            found[place] += len(data)
        return found


def send(seconds: float, address: str) -> None:
    with socket.create_connection((address, PORT)) as connection:
        begun, sent = time.monotonic(), 0
        while (passed := time.monotonic() - begun) < seconds + 1:
            if sent < passed * RATE:
                try:
                    connection.sendall(bytes(CHUNK))
                except OSError:
                    return
                sent += CHUNK
            else:
                time.sleep(CHUNK / RATE / 2)


if __name__ == "__main__":
    what, length, rest = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    if what == "pings":
        print(json.dumps(pings(length, rest)))
    elif what == "stream":
        print(json.dumps(stream(length, *rest)))
    elif what == "receive":
        print(json.dumps(receive(length, *rest)))
    else:
        send(length, *rest)
