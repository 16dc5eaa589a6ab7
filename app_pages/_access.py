"""How readers are known: on their own machine, by signing in, or by a proxy in front of the app.

Nothing here needs Streamlit, so that ``server.py`` can refuse to start before anything is loaded.
Settings come from the section ``[access]`` of ``secrets.toml`` and from the environment, which
wins::

    setting          environment                    meaning
    proxy_header     ESTATE_PROXY_HEADER            header in which the proxy names the reader
    groups_header    ESTATE_PROXY_GROUPS_HEADER     header in which it lists the reader's groups
    proxy_addresses  ESTATE_PROXY_ADDRESSES         addresses or networks of the proxy
    claim            ESTATE_CLAIM                   claim of the sign-in that lists the groups
    analysts         ESTATE_ANALYSTS                groups that are analysts
    planners         ESTATE_PLANNERS                groups that are planners
    administrators   ESTATE_ADMINISTRATORS          groups that are administrators
    analyst_names    ESTATE_ANALYST_NAMES           readers by name that are analysts
    planner_names    ESTATE_PLANNER_NAMES           readers by name that are planners
    administrator_names
                     ESTATE_ADMINISTRATOR_NAMES     readers by name that are administrators

Sign-in is set up by Streamlit's own section ``[auth]``. A name is never looked up among groups.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["viewer", "analyst", "planner", "administrator"]
Mode = Literal["own machine", "sign-in", "proxy"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1", "[::1]")

VARIABLES = {
    "proxy_header": "ESTATE_PROXY_HEADER",
    "groups_header": "ESTATE_PROXY_GROUPS_HEADER",
    "proxy_addresses": "ESTATE_PROXY_ADDRESSES",
    "claim": "ESTATE_CLAIM",
    "analysts": "ESTATE_ANALYSTS",
    "planners": "ESTATE_PLANNERS",
    "administrators": "ESTATE_ADMINISTRATORS",
    "analyst_names": "ESTATE_ANALYST_NAMES",
    "planner_names": "ESTATE_PLANNER_NAMES",
    "administrator_names": "ESTATE_ADMINISTRATOR_NAMES",
}
LISTS = (
    "proxy_addresses",
    *("analysts", "planners", "administrators"),
    *("analyst_names", "planner_names", "administrator_names"),
)

NO_GROUPS = (
    "email",
    "family_name",
    "given_name",
    "name",
    "nickname",
    "preferred_username",
    "profile",
)
"""Claims about one reader, most of which that reader may change."""

NEEDS_SIGN_IN = (
    "{address}: others could reach the app there without saying who they are. Set up sign-in "
    "([auth] in secrets.toml) or a trusted proxy (ESTATE_PROXY_HEADER and "
    "ESTATE_PROXY_ADDRESSES), or serve on 127.0.0.1."
)


class AccessError(ValueError):
    """The settings of who may read cannot be used; the message names every fault."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How readers are known and what they may do.

    Attributes
    ----------
    mode
        On their own machine everybody is a planner.
    header, groups_header
        Headers of a trusted proxy, in small letters.
    proxies
        Where the proxy stands; nobody else is answered.
    claim
        Claim of a sign-in that lists groups.
    analysts, planners, administrators
        Groups that have a role; everybody else is a viewer.
    analyst_names, planner_names, administrator_names
        Readers that have a role by their own name: that of the proxy's header, or
        :func:`identity` of a sign-in.
    """

    mode: Mode = "own machine"
    header: str = ""
    groups_header: str = ""
    proxies: tuple[Network, ...] = ()
    claim: str = "groups"
    analysts: frozenset[str] = frozenset()
    planners: frozenset[str] = frozenset()
    administrators: frozenset[str] = frozenset()
    analyst_names: frozenset[str] = frozenset()
    planner_names: frozenset[str] = frozenset()
    administrator_names: frozenset[str] = frozenset()

    def role_of(self, name: str, groups: Collection[str]) -> Role:
        """Return what a reader of this name and these groups may do."""
        if self.mode == "own machine":
            return "planner"
        if name in self.administrator_names or not self.administrators.isdisjoint(groups):
            return "administrator"
        if name in self.planner_names or not self.planners.isdisjoint(groups):
            return "planner"
        if name in self.analyst_names or not self.analysts.isdisjoint(groups):
            return "analyst"
        return "viewer"

    def is_proxy(self, address: str | None) -> bool:
        """Whether an address is that of the trusted proxy."""
        try:
            at = ipaddress.ip_address(address or "")
        except ValueError:
            return False
        at = getattr(at, "ipv4_mapped", None) or at
        return any(at in network for network in self.proxies if network.version == at.version)


def read(environment: Mapping[str, str], secrets: Mapping[str, Any]) -> Access:
    """Read who may read, from the environment and from secrets.

    Raises
    ------
    AccessError
        With every fault.
    """
    told = dict(secrets.get("access", {}))
    told |= {name: environment[key] for name, key in VARIABLES.items() if environment.get(key)}
    faults = [
        f"[access] in secrets.toml: no setting {name!r}. Known: {', '.join(VARIABLES)}."
        for name in told
        if name not in VARIABLES
    ]
    lists = {name: split(told.get(name, "")) for name in LISTS}
    proxies = []
    for address in lists["proxy_addresses"]:
        try:
            proxies.append(ipaddress.ip_network(address))
        except ValueError:
            faults.append(
                f"proxy_addresses: {address!r} is no address and no network. "
                "Write 10.0.0.5 or 10.0.0.0/24."
            )
    header = str(told.get("proxy_header", "")).lower()
    signs_in = bool(secrets.get("auth"))
    if header and not lists["proxy_addresses"]:
        faults.append(
            "proxy_header: anybody could send this header. Say in proxy_addresses where the proxy "
            "stands."
        )
    if header and signs_in:
        faults.append("[auth] and proxy_header: both say who is reading. Keep one of them.")
    if proxies and not header:
        faults.append("proxy_addresses: say in proxy_header which header names the reader.")
    for name, text in (("proxy_header", header), ("groups_header", told.get("groups_header", ""))):
        if not re.fullmatch(r"[A-Za-z0-9-]*", str(text)):
            faults.append(f"{name}: {text!r} is no name of a header.")
    if told.get("claim") in NO_GROUPS:
        faults.append(
            f"claim: {told['claim']!r} does not list groups, and readers may be able to change it. "
            "Name the claim with which the provider lists groups."
        )
    if faults:
        raise AccessError(faults)
    mode: Mode = "proxy" if header else "sign-in" if signs_in else "own machine"
    return Access(
        mode=mode,
        header=header,
        groups_header=str(told.get("groups_header", "")).lower(),
        proxies=tuple(proxies),
        claim=str(told.get("claim", "groups")),
        analysts=frozenset(lists["analysts"]),
        planners=frozenset(lists["planners"]),
        administrators=frozenset(lists["administrators"]),
        analyst_names=frozenset(lists["analyst_names"]),
        planner_names=frozenset(lists["planner_names"]),
        administrator_names=frozenset(lists["administrator_names"]),
    )


def identity(claims: Mapping[str, Any]) -> str:
    """Return who signed in, by claims that a reader cannot choose; empty where there is none.

    An address counts only where the provider says that it was checked; else the reader is known by
    ``sub``, which a provider gives once and to nobody else. Other claims, such as
    ``preferred_username``, may be changed by the reader or belong to several (OpenID Connect Core
    1.0, sections 5.1 and 5.7).

    Examples
    --------
    >>> identity({"sub": "7", "email": "ada@example.org", "email_verified": True})
    'ada@example.org'
    >>> identity({"sub": "7", "email": "ada@example.org", "preferred_username": "ada"})
    '7'
    """
    checked = claims.get("email_verified") in (True, "true")
    email = str(claims.get("email") or "").strip() if checked else ""
    return email or str(claims.get("sub") or "").strip()


def display_name(claims: Mapping[str, Any]) -> str:
    """Return what to call who signed in, on their own page only.

    Examples
    --------
    >>> display_name({"sub": "7", "preferred_username": "ada"}), display_name({"sub": "7"})
    ('ada', '7')
    """
    known = identity(claims)
    if known != str(claims.get("sub") or "").strip():
        return known
    return str(claims.get("preferred_username") or claims.get("email") or known)


def split(told: Any) -> tuple[str, ...]:
    """Take a list apart that may be written as text, with commas or semicolons.

    Examples
    --------
    >>> split("a, b;c"), split(["a", "b c"]), split("")
    (('a', 'b', 'c'), ('a', 'b c'), ())
    """
    parts = re.split(r"[,;]", told) if isinstance(told, str) else [str(each) for each in told]
    return tuple(part.strip() for part in parts if part.strip())


def is_loopback(address: str | None) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> [is_loopback(each) for each in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", None)]
    [True, True, True, False, False, False]
    """
    if not address:
        return False
    if address in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def check_address(access: Access, address: str | None) -> None:
    """Refuse to serve on an address that others can reach when nobody has to say who they are.

    Raises
    ------
    AccessError
        Where an address is not this machine's own and there is neither sign-in nor a proxy.
    """
    if access.mode == "own machine" and not is_loopback(address):
        raise AccessError([NEEDS_SIGN_IN.format(address=address or "every address")])


_guarded: list[Access] = []


def guard(access: Access) -> None:
    """Say that ``server.py`` stands before the app, so that a proxy's headers can be believed."""
    _guarded[:] = [access]


def is_guarded() -> bool:
    """Whether ``server.py`` serves the app."""
    return bool(_guarded)
