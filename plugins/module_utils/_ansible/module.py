# Copyright: (c) 2026, virtfleet.network contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface to Ansible: parameters in, one result or one error message out."""

from __future__ import annotations

import platform
import sys
import traceback
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from .._model.errors import VirtfleetError
from .failure import failure_result, one_line, shortened_message
from .suboptions import number_problem, suboption_problem

# Ansible shows an invocation from -vvv on. Below that, large options are not returned, because nothing shows them.
_SHOWN_FROM = 3


class Module(AnsibleModule):  # type: ignore[misc]
    """AnsibleModule whose own refusals of options carry a code too."""

    def _set_internal_properties(self, *args: Any, **kwargs: Any) -> None:
        # The last thing that Ansible does before it looks at the options.
        super()._set_internal_properties(*args, **kwargs)
        problem = suboption_problem(self.argument_spec, self.params)
        if problem:
            self.fail_json(problem)
        problem = number_problem(self.argument_spec, self.params)
        if problem:
            self.fail_json(problem, code="VALUE_INVALID")

    def fail_json(self, msg: str, **kwargs: Any) -> Any:
        kwargs.setdefault("code", "OPTIONS_INVALID")
        super().fail_json(self._fitting(msg), **self._with_sentences(self._with_invocation(kwargs)))

    def exit_json(self, **kwargs: Any) -> Any:
        super().exit_json(**self._with_sentences(self._with_invocation(kwargs)))

    def warn(self, warning: str, *args: Any, **kwargs: Any) -> None:
        super().warn(self._fitting(warning), *args, **kwargs)

    def _fitting(self, text: str) -> str:
        shown, sentences = shortened_message(one_line(text))
        self._sentences = [*getattr(self, "_sentences", []), *sentences]
        return shown

    def _with_sentences(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        sentences = getattr(self, "_sentences", [])
        return {"sentences": sentences, **kwargs} if sentences else kwargs

    def _with_invocation(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        if "invocation" in kwargs:
            return kwargs
        params = getattr(self, "params", {})
        if getattr(self, "_verbosity", 0) < _SHOWN_FROM:
            params = {name: value for name, value in params.items() if not isinstance(value, (dict, list))}
        return {"invocation": {"module_args": given(params)}, **kwargs}


_Work = Callable[[Module], dict[str, Any]]


def given(value: Any) -> Any:
    """Parameters without the options that were left out, which Ansible fills with None."""
    if isinstance(value, dict):
        return {key: given(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [given(item) for item in value]
    return value


def run(module: Module, work: _Work) -> None:
    """Gate, work, report. work returns the result; every exception it raises becomes a message with a code."""

    def behind_gate(module: Module) -> dict[str, Any]:
        _gate()
        return work(module)

    run_without_libvirt(module, behind_gate)


def run_without_libvirt(module: Module, work: _Work) -> None:
    """The same for work that does not need what the gate asks for."""
    try:
        result = work(module)
    except VirtfleetError as error:
        module.fail_json(error.sentence, **failure_result(error))
    except Exception as error:
        # A fault of ours. It gets a sentence all the same; Ansible shows the traceback from -vvv on.
        module.fail_json(
            f"Unexpected error in virtfleet.network ({type(error).__name__}: {error}); please report it.",
            code="UNEXPECTED",
            exception=traceback.format_exc(),
        )
    else:
        module.exit_json(**result)


def _gate() -> None:
    """What every module needs on the host that runs it, with the package that has it."""
    missing = []
    for name, package in (("libvirt", "python3-libvirt"), ("lxml", "python3-lxml")):
        try:
            __import__(name)
        except ImportError:
            missing.append((name, package))
    if missing:
        names = " and ".join(name for name, _package in missing)
        packages = " ".join(package for _name, package in missing)
        raise VirtfleetError(
            "DEPENDENCY_MISSING",
            f"{sys.executable} on {platform.node()} cannot import {names}: install {packages} (the names in Debian, "
            "Ubuntu, Fedora and RHEL), or set ansible_python_interpreter to a Python that has it.",
            packages=packages.split(),
        )
