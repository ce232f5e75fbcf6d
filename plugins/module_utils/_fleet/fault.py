# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a contract and its bindings, as plain data. Fault.sentence is the only place that makes their sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

CONTRACT_INVALID = "CONTRACT_INVALID"  # the contract itself cannot be read, or contradicts itself
BINDING_INVALID = "BINDING_INVALID"  # a binding cannot be read
BINDING_MISSING = "BINDING_MISSING"  # a host has no binding for a network of the contract
BINDING_UNKNOWN = "BINDING_UNKNOWN"  # a binding for a network that the contract does not have
BINDING_OVERRIDES = "BINDING_OVERRIDES"  # a binding sets an option that the contract sets
REACH_BROKEN = "REACH_BROKEN"  # the forward mode does not give the promised reach
MTU_BROKEN = "MTU_BROKEN"  # full-size frames of the promised MTU would not pass
SUBNET_BROKEN = "SUBNET_BROKEN"  # the host's addresses are not in the promised subnets
LINK_MISSING = "LINK_MISSING"  # the bridge or member that a network is built from does not exist

# In the order in which to fix them.
CODES = (
    CONTRACT_INVALID,
    BINDING_INVALID,
    BINDING_MISSING,
    BINDING_UNKNOWN,
    BINDING_OVERRIDES,
    REACH_BROKEN,
    MTU_BROKEN,
    SUBNET_BROKEN,
    LINK_MISSING,
)


class FaultText(NamedTuple):
    """What is wrong with a network, without where. template: a sentence with {network} and the parameters in it."""

    template: str
    parameters: dict[str, Any]

    def sentence(self, network: str) -> str:
        return self.template.format(network=network, **self.parameters)


class Fault:
    """One fault: a stable code, where (host and network, "" where there is none), and what is wrong there.

    template: the sentence, with {network} and the parameters in it. It names the network but not the host.
    """

    __slots__ = ("code", "host", "network", "parameters", "template")

    def __init__(self, code: str, host: str, network: str, template: str, /, **parameters: Any) -> None:
        self.code = code
        self.host = host
        self.network = network
        self.template = template
        self.parameters = parameters

    @property
    def sentence(self) -> str:
        return FaultText(self.template, self.parameters).sentence(self.network)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fault) and self.as_tuple() == other.as_tuple()

    def __hash__(self) -> int:
        return hash(self.as_tuple())

    def __repr__(self) -> str:
        return f"Fault{self.as_tuple()!r}"

    def as_tuple(self) -> tuple[str, str, str, str, str]:
        parameters = repr(sorted(self.parameters.items()))
        return (self.code, self.host, self.network, self.template, parameters)

    def as_dict(self) -> dict[str, str]:
        """{code, host, network, sentence}, all strings."""
        return {name: getattr(self, name) for name in ("code", "host", "network", "sentence")}

    def line(self) -> str:
        """For people: "kvm2: MTU_BROKEN: sentence", without the host where there is none."""
        return ": ".join(part for part in (self.host, self.code, self.sentence) if part)
