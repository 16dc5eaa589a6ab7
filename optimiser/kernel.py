"""The exact transport kernel: plain arrays in, prices and places out; the only Numba module.

People are rows with one unit of flow each, so the residual graph of a plan contracts to its nodes:
the units, the sink (where people without a place are), and one node for each sex. The step from
node *a* to node *b* costs what the cheapest person in *a* would add by going to *b*. People take
their cheapest priced choice; what is then too full or too empty is repaired along shortest paths.
All arithmetic is in whole numbers, and ties go to the lower row.
"""

from __future__ import annotations

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np

types: Any = numba.types
njit: Any = numba.njit  # its stubs leave out that nothing is allocated in compiled code

Function = TypeVar("Function", bound=Callable[..., Any])

FORBIDDEN = 2**30
"""Costs from here on mark pairs that must not be used."""

FAR = 2**56
"""Length of a step or path that does not exist; anything from half of it on is no way at all."""

NO_PATH = 2**40
"""Length of a path from here on means that there is none."""

NOBODY = -1
"""Row of no person, number of no node."""


class Terms(NamedTuple):
    """What pairs of a person and a node cost.

    Attributes
    ----------
    cost
        int32, shape (people, units); from ``FORBIDDEN`` on the pair must not be used.
    establishment, flags, extra, person_class, unit_class
        What else a pair costs: ``extra[person_class[p], unit_class[u], flags[p, e]]`` in
        establishment *e* of unit *u*, in the scale; nothing where ``extra`` is empty. The flags
        are uint8, the others int64.
    unplaced
        Cost of leaving each person without a place; int64.
    scale
        Costs and ``unplaced`` are multiplied by it; prices and ``extra`` already are.
    wanted
        Unit where each person costs one part of the scale less, -1 for nowhere; int64, empty where
        nobody wants anything.
    confined
        Establishment outside which each person must not be used, -1 for none; int64, or empty.
    """

    cost: Any
    establishment: Any
    flags: Any
    extra: Any
    person_class: Any
    unit_class: Any
    unplaced: Any
    scale: Any
    wanted: Any
    confined: Any


class Places(NamedTuple):
    """How many each unit and each sex may hold, and at what price of crowding; int64.

    The blocks of unit *u* are ``first_block[u]`` to ``first_block[u + 1]``, in order of price.
    """

    unit_sex: Any
    first_block: Any
    block_places: Any
    block_price: Any
    held_limit: Any


class People(NamedTuple):
    """Whose turn it is, at which node they are, as linked lists, and what they cost there."""

    chosen: Any
    at: Any
    own: Any
    first: Any
    after: Any
    before: Any


class Steps(NamedTuple):
    """Least change of cost from node to node, by whom, and whether it is only a lower bound."""

    length: Any
    who: Any
    stale: Any


class Flow(NamedTuple):
    """Price and excess of people by node; held and prices of the next and last place by unit."""

    price: Any
    excess: Any
    held: Any
    following: Any
    last: Any
    estate: Any


class Search(NamedTuple):
    """Labels of a search: length, the same while open, next to try, nodes in order, who goes."""

    length: Any
    open: Any
    done: Any
    tried: Any
    reached: Any
    who: Any
    row: Any


def _array(scalar: Any, dimensions: int, *, writable: bool = False) -> Any:
    return types.Array(scalar, dimensions, "C", readonly=not writable)


def _arrays(form: Any, *scalars: Any) -> Any:
    """Type a tuple of arrays that are written to: one dimension each, or two where so marked."""
    kinds = [
        _array(scalar[0], 2, writable=True)
        if isinstance(scalar, tuple)
        else _array(scalar, 1, writable=True)
        for scalar in scalars
    ]
    return types.BaseTuple.from_types(kinds, form)


_I4, _I8, _BIT = types.int32, types.int64, types.boolean
_VECTOR = _array(_I8, 1)
_OUT = _array(_I8, 1, writable=True)
_TABLE = _array(_I8, 2, writable=True)
_TERMS = types.BaseTuple.from_types(
    [
        _array(_I4, 2),
        _VECTOR,
        _array(types.uint8, 2),
        _array(_I8, 3),
        _VECTOR,
        _VECTOR,
        _VECTOR,
        _I8,
        _VECTOR,
        _VECTOR,
    ],
    Terms,
)
_PLACES = types.BaseTuple.from_types([_VECTOR] * 5, Places)
_PEOPLE = _arrays(People, _I8, _I4, _I8, _I4, _I4, _I4)
_STEPS = _arrays(Steps, (_I8,), (_I4,), (_BIT,))
_FLOW = _arrays(Flow, _I8, _I8, _I8, _I8, _I8, _I8)
_SEARCH = _arrays(Search, _I8, _I8, _BIT, _I8, _I8, _I8, _I8)

_LEAN = {"_nrt": False, "no_cfunc_wrapper": True, "error_model": "numpy"}
"""Nothing is allocated in compiled code, and only Python calls it: a third less to compile."""

helper: Callable[[Function], Function] = njit(no_cpython_wrapper=True, **_LEAN)
"""Compile a function as part of those that call it."""


def compiled(*signature: Any) -> Callable[[Function], Function]:
    """Compile a function once for these types and keep it beside the module or for the user.

    Where neither can be written to, or what was kept cannot be read, every process compiles anew.
    """

    def compile_function(function: Function) -> Function:
        try:
            made: Function = njit(*signature, cache=True, **_LEAN)(function)
        except (OSError, ImportError, EOFError, UnpicklingError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and "locator" not in str(error):
                raise
            made = njit(*signature, **_LEAN)(function)
        return made

    return compile_function


@helper
def _pair(terms: Terms, person: int, node: int) -> Any:
    """Cost of a person at a unit or, unplaced, at the sink."""
    if node == terms.cost.shape[1]:
        return terms.unplaced[person] * terms.scale
    cost = terms.cost[person, node]
    if cost >= FORBIDDEN:
        return FAR
    full = np.int64(cost) * terms.scale
    if terms.extra.size:
        kind = terms.person_class[person]
        flags = terms.flags[person, terms.establishment[node]]
        full += terms.extra[kind, terms.unit_class[node], flags]
    if terms.confined.size and terms.confined[person] not in (NOBODY, terms.establishment[node]):
        return FAR
    if terms.wanted.size and terms.wanted[person] == node:
        full -= 1
    return full


@helper
def _fill(terms: Terms, person: int, row: Any) -> None:
    """Write what the person costs at every unit and unplaced."""
    costs, scale = terms.cost[person], terms.scale
    units = len(costs)
    for unit in range(units):
        cost = np.int64(costs[unit])
        row[unit] = cost * scale if cost < FORBIDDEN else FAR
    if terms.extra.size:
        extra, flags = terms.extra[terms.person_class[person]], terms.flags[person]
        unit_class, establishment = terms.unit_class, terms.establishment
        for unit in range(units):
            row[unit] += extra[unit_class[unit], flags[establishment[unit]]]
    if terms.confined.size and terms.confined[person] != NOBODY:
        place, only = terms.establishment, terms.confined[person]
        for unit in range(units):
            if place[unit] != only:
                row[unit] = FAR
    if terms.wanted.size and terms.wanted[person] != NOBODY:
        row[terms.wanted[person]] -= 1
    row[units] = terms.unplaced[person] * scale


@helper
def _cheapest(row: Any, price: Any, preferred: int, room: Any) -> int:
    """Give the node of least priced cost: the preferred one, or else the first with room."""
    nodes = len(row)
    least = row[0] + price[0]
    for node in range(1, nodes):
        least = min(least, row[node] + price[node])
    if row[preferred] + price[preferred] == least and room[preferred] > 0:
        return preferred
    chosen = NOBODY
    for node in range(nodes):
        if row[node] + price[node] == least:
            if room[node] > 0:
                return node
            if chosen == NOBODY or node == preferred:
                chosen = node
    return chosen


@helper
def _join(people: People, i: int, node: int) -> None:
    follower = people.first[node]
    people.at[i] = node
    people.before[i] = NOBODY
    people.after[i] = follower
    if follower != NOBODY:
        people.before[follower] = i
    people.first[node] = i


@helper
def _leave(people: People, i: int) -> None:
    earlier, later = people.before[i], people.after[i]
    if earlier == NOBODY:
        people.first[people.at[i]] = later
    else:
        people.after[earlier] = later
    if later != NOBODY:
        people.before[later] = earlier


@helper
def _least(row: Any, own: int, i: int, length: Any, who: Any) -> None:
    """Enter the steps of a person who is at a node among the least from that node."""
    for node in range(len(row)):
        if row[node] - own < length[node]:
            length[node] = row[node] - own
            who[node] = i


@helper
def _seat(
    terms: Terms,
    people: People,
    steps: Steps,
    price: Any,
    room: Any,
    row: Any,
    unit_of: Any,
) -> None:
    """Give everybody their cheapest priced choice, and find the least steps between nodes."""
    sink = len(row) - 1
    for i in range(len(people.at)):
        _fill(terms, people.chosen[i], row)
        now = unit_of[people.chosen[i]]
        node = _cheapest(row, price, now if now >= 0 else sink, room)
        room[node] -= 1
        people.own[i] = row[node]
        _join(people, i, node)
        _least(row, row[node], i, steps.length[node], steps.who[node])


@helper
def _refresh(terms: Terms, people: People, steps: Steps, a: int, b: int) -> None:
    """Find who in *a* would go to *b* at least cost."""
    least, who = FAR, NOBODY
    i = people.first[a]
    while i != NOBODY:
        change = _pair(terms, people.chosen[i], b) - people.own[i]
        if change < least or (change == least and i < who):
            least, who = change, i
        i = people.after[i]
    steps.length[a, b] = least
    steps.who[a, b] = who
    steps.stale[a, b] = False


@helper
def _move(terms: Terms, people: People, steps: Steps, i: int, b: int, row: Any) -> None:
    """Move a person; steps that were theirs become lower bounds."""
    a = people.at[i]
    nodes = len(row)
    _leave(people, i)
    who, stale = steps.who[a], steps.stale[a]
    for other in range(nodes):
        if who[other] == i:
            stale[other] = True
            who[other] = NOBODY
    _fill(terms, people.chosen[i], row)
    own = row[b]
    people.own[i] = own
    _join(people, i, b)
    length, who, stale = steps.length[b], steps.who[b], steps.stale[b]
    for other in range(nodes):
        change = row[other] - own
        if change <= length[other]:
            if change < length[other] or stale[other] or i < who[other]:
                length[other] = change
                who[other] = i
            stale[other] = False


@helper
def _price_places(places: Places, flow: Flow, unit: int) -> None:
    """Find the price of the next place of a unit and of the last one in use."""
    left = flow.held[unit]
    following, last = FAR, -FAR
    for block in range(places.first_block[unit], places.first_block[unit + 1]):
        room = places.block_places[block]
        if left > 0 and room > 0:
            last = places.block_price[block]
        if left < room:
            following = places.block_price[block]
            break
        left -= room
    flow.following[unit] = following
    flow.last[unit] = last


@helper
def _rooms(places: Places, price: Any, room: Any) -> None:
    """Count the places of each node that pay at these prices."""
    units = len(places.unit_sex)
    room[units] = FAR
    for unit in range(units):
        rent = price[unit] - price[units + 1 + places.unit_sex[unit]]
        room[unit] = 0
        for block in range(places.first_block[unit], places.first_block[unit + 1]):
            if places.block_price[block] <= rent:
                room[unit] += places.block_places[block]


@helper
def _let(places: Places, flow: Flow) -> None:
    """Let the places that pay; who is then over or short is the excess.

    On entry the excess counts the people at each node.
    """
    units, sexes = len(places.unit_sex), len(places.held_limit)
    price, excess, sink = flow.price, flow.excess, units
    for sex in range(sexes):
        excess[units + 1 + sex] = 0
    for unit in range(units):
        node = units + 1 + places.unit_sex[unit]
        rent = price[unit] - price[node]
        low = high = np.int64(0)
        for block in range(places.first_block[unit], places.first_block[unit + 1]):
            if places.block_price[block] < rent:
                low += places.block_places[block]
            if places.block_price[block] <= rent:
                high += places.block_places[block]
        held = min(max(excess[unit], low), high)
        flow.held[unit] = held
        excess[sink] -= excess[unit]
        excess[unit] -= held
        excess[node] += held
        _price_places(places, flow, unit)
    for sex in range(sexes):
        node = units + 1 + sex
        limit, over = places.held_limit[sex], price[node] - price[sink]
        if over > 0:
            flow.estate[sex] = limit
        elif over < 0:
            flow.estate[sex] = 0
        else:
            flow.estate[sex] = min(excess[node], limit)
        excess[node] -= flow.estate[sex]
        excess[sink] += flow.estate[sex]


@helper
def _count(people: People, flow: Flow) -> None:
    """Count the people at each node; the sink also lacks everybody who is to arrive there."""
    sink = len(people.first) - 1
    for node in range(len(flow.excess)):
        flow.excess[node] = 0
    for i in range(len(people.at)):
        flow.excess[people.at[i]] += 1
    flow.excess[sink] = 0


@helper
def _label(search: Search, price: Any, a: int, b: int, length: int) -> None:
    """Label a node that is reached by letting one place more or fewer."""
    through = search.length[a] - price[a] + length + price[b]
    if through < search.length[b] and not search.done[b]:
        search.length[b] = through
        search.open[b] = through


@helper
def _steps_of_people(
    terms: Terms, people: People, steps: Steps, price: Any, search: Search, a: int
) -> None:
    """Label what people in *a* can reach."""
    base = search.length[a] - price[a]
    length, stale, label, done = steps.length[a], steps.stale[a], search.length, search.done
    nearer = 0
    for b in range(len(length)):
        nearer += base + length[b] + price[b] < label[b]
    if nearer == 0:
        return
    for b in range(len(length)):
        if base + length[b] + price[b] < label[b] and not done[b]:
            if stale[b]:
                _refresh(terms, people, steps, a, b)
            through = base + length[b] + price[b]
            if through < label[b]:
                label[b] = through
                search.open[b] = through


@helper
def _steps_of_places(places: Places, flow: Flow, search: Search, a: int) -> None:
    """Label what can be reached by letting one place more or fewer."""
    sink = len(places.unit_sex)
    if a < sink:
        if flow.following[a] < FAR:
            _label(search, flow.price, a, sink + 1 + places.unit_sex[a], flow.following[a])
    elif a == sink:
        for sex in range(len(places.held_limit)):
            if flow.estate[sex] > 0:
                _label(search, flow.price, a, sink + 1 + sex, 0)
    else:
        sex = a - sink - 1
        if flow.estate[sex] < places.held_limit[sex]:
            _label(search, flow.price, a, sink, 0)
        for unit in range(sink):
            if places.unit_sex[unit] == sex and flow.held[unit] > 0:
                _label(search, flow.price, a, unit, -flow.last[unit])


@helper
def _raise_prices(
    terms: Terms,
    places: Places,
    people: People,
    steps: Steps,
    flow: Flow,
    search: Search,
    wanted: int,
) -> bool:
    """Search from nodes with an excess until so many people are lacked where it came; raise prices.

    Afterwards every node that was reached has a way there of no priced length at all.
    """
    label, unsettled = search.length, search.open
    done, reached = search.done, search.reached
    nodes = len(flow.price)
    for node in range(nodes):
        done[node] = False
        label[node] = 0 if flow.excess[node] > 0 else FAR
        unsettled[node] = label[node]
    count, lacked = 0, 0
    while lacked < wanted:
        shortest = unsettled[0]
        for node in range(1, nodes):
            shortest = min(shortest, unsettled[node])
        if shortest >= FAR // 2:
            break
        a = 0
        while unsettled[a] != shortest:
            a += 1
        unsettled[a] = FAR
        done[a] = True
        reached[count] = a
        count += 1
        lacked += max(0, -flow.excess[a])
        if a < len(people.first):
            _steps_of_people(terms, people, steps, flow.price, search, a)
        _steps_of_places(places, flow, search, a)
    furthest = label[reached[count - 1]]
    for k in range(count):
        flow.price[reached[k]] += furthest - label[reached[k]]
    return lacked > 0


@helper
def _next_by_person(
    terms: Terms,
    people: People,
    steps: Steps,
    price: Any,
    search: Search,
    a: int,
) -> Any:
    """Give the next node not yet tried to which a person in *a* can go at no priced cost."""
    length, stale, done = steps.length[a], steps.stale[a], search.done
    b = search.tried[a]
    while b < len(length):
        if length[b] + price[b] == price[a] and not done[b]:
            if stale[b]:
                _refresh(terms, people, steps, a, b)
            if length[b] + price[b] == price[a]:
                break
        b += 1
    return b


@helper
def _next_by_place(places: Places, flow: Flow, search: Search, a: int) -> Any:
    """Give the next node not yet tried to which letting one place more or fewer leads freely."""
    sink, nodes = len(places.unit_sex), len(flow.price)
    price, b = flow.price, search.tried[a]
    while b < nodes:
        if a < sink:
            free = b == sink + 1 + places.unit_sex[a]
            free &= flow.following[a] + price[b] == price[a]
        elif a == sink:
            free = b > sink and price[b] == price[a] and flow.estate[b - sink - 1] > 0
        elif b < sink:
            free = a == sink + 1 + places.unit_sex[b] and flow.held[b] > 0
            free &= price[b] - flow.last[b] == price[a]
        else:
            free = b == sink and price[b] == price[a]
            free &= flow.estate[a - sink - 1] < places.held_limit[a - sink - 1]
        if free and not search.done[b]:
            break
        b += 1
    return b


@helper
def _free_way(
    terms: Terms,
    places: Places,
    people: People,
    steps: Steps,
    flow: Flow,
    search: Search,
    start: int,
) -> int:
    """Walk from a node with an excess, at no priced cost, to one that lacks people.

    The way is left in ``search.reached``; its length in nodes is returned, 0 where there is none.
    Nodes from which nothing was found stay marked as done.
    """
    nodes = len(flow.price)
    reached, done, tried = search.reached, search.done, search.tried
    depth = 1
    reached[0] = start
    done[start] = True
    while depth > 0:
        a = reached[depth - 1]
        if flow.excess[a] < 0:
            for k in range(depth):
                done[reached[k]] = False
            return depth
        sink = len(people.first) - 1
        if a <= sink and tried[a] <= sink:
            tried[a] = _next_by_person(terms, people, steps, flow.price, search, a)
        if a > sink or tried[a] > sink:
            tried[a] = _next_by_place(places, flow, search, a)
        b = tried[a]
        if b < nodes:
            done[b] = True
            reached[depth] = b
            depth += 1
        else:
            depth -= 1
            if depth > 0:
                tried[reached[depth - 1]] += 1
    return 0


@helper
def _send(
    terms: Terms,
    places: Places,
    people: People,
    steps: Steps,
    flow: Flow,
    search: Search,
    depth: int,
) -> None:
    """Send one along the way that was found."""
    sink = len(places.unit_sex)
    reached, who = search.reached, search.who
    for k in range(depth - 1):
        a, b = reached[k], reached[k + 1]
        who[k] = steps.who[a, b] if a <= sink and b <= sink else NOBODY
    for k in range(depth - 1):
        a, b = reached[k], reached[k + 1]
        if a <= sink and b <= sink:
            _move(terms, people, steps, who[k], b, search.row)
        elif a < sink:
            flow.held[a] += 1
            _price_places(places, flow, a)
        elif b < sink:
            flow.held[b] -= 1
            _price_places(places, flow, b)
        elif a == sink:
            flow.estate[b - sink - 1] -= 1
        else:
            flow.estate[a - sink - 1] += 1
    flow.excess[reached[0]] -= 1
    flow.excess[reached[depth - 1]] += 1


@helper
def _send_freely(
    terms: Terms,
    places: Places,
    people: People,
    steps: Steps,
    flow: Flow,
    search: Search,
) -> int:
    """Send as many as can be sent at no priced cost; give how many."""
    nodes = len(flow.price)
    sent = 0
    for node in range(nodes):
        search.done[node] = False
        search.tried[node] = 0
    for start in range(nodes):
        while flow.excess[start] > 0:
            depth = _free_way(terms, places, people, steps, flow, search, start)
            if depth == 0:
                break
            _send(terms, places, people, steps, flow, search, depth)
            sent += 1
    return sent


@compiled(_I8(_TERMS, _PLACES, _PEOPLE, _STEPS, _FLOW, _SEARCH, _OUT))
def _transport(
    terms: Terms,
    places: Places,
    people: People,
    steps: Steps,
    flow: Flow,
    search: Search,
    unit_of: Any,
) -> int:
    """Seat everybody and repair; give how often prices were raised, -1 where there is no way."""
    _rooms(places, flow.price, search.length)
    _seat(terms, people, steps, flow.price, search.length, search.row, unit_of)
    _count(people, flow)
    _let(places, flow)
    left = 0
    for node in range(len(flow.price)):
        left += max(0, flow.excess[node])
    rounds = 0
    while True:
        left -= _send_freely(terms, places, people, steps, flow, search)
        if left == 0:
            return rounds
        rounds += 1
        wanted = max(1, left // 50)
        if not _raise_prices(terms, places, people, steps, flow, search, wanted):
            return -1


Arrays = TypeVar("Arrays", Terms, Places)


def _sealed(arrays: Arrays) -> Arrays:
    """Give the same arrays in one piece each and read-only, as the compiled functions know them."""
    sealed = [_in_one_piece(item) if isinstance(item, np.ndarray) else item for item in arrays]
    return type(arrays)(*sealed)


def _in_one_piece(array: Any) -> Any:
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view


def transport(terms: Terms, places: Places, chosen: Any, price: Any, unit_of: Any) -> int:
    """Find the cheapest plan for the people chosen; write prices and places.

    Parameters
    ----------
    terms, places
        What pairs cost and how many may be held.
    chosen
        Rows of the people to be placed; int64.
    price
        Prices to start from, by node: units, sink, sexes; int64. Overwritten by prices that prove
        the plan, relative to the sink.
    unit_of
        Places kept where they are among the cheapest, -1 for none; int64, shape (people,).
        Overwritten for those taken.

    Returns
    -------
    int
        Times that prices were raised.
    """
    units, sexes = terms.cost.shape[1], len(places.held_limit)
    nodes, count = units + 1 + sexes, len(chosen)
    people = People(
        np.array(chosen, dtype=np.int64),
        np.empty(count, dtype=np.int32),
        np.empty(count, dtype=np.int64),
        np.full(units + 1, NOBODY, dtype=np.int32),
        np.empty(count, dtype=np.int32),
        np.empty(count, dtype=np.int32),
    )
    steps = Steps(
        np.full((units + 1, units + 1), FAR, dtype=np.int64),
        np.full((units + 1, units + 1), NOBODY, dtype=np.int32),
        np.zeros((units + 1, units + 1), dtype=np.bool_),
    )
    flow = Flow(
        price=price,
        excess=np.empty(nodes, dtype=np.int64),
        held=np.zeros(units, dtype=np.int64),
        following=np.zeros(units, dtype=np.int64),
        last=np.zeros(units, dtype=np.int64),
        estate=np.zeros(sexes, dtype=np.int64),
    )
    search = Search(
        length=np.empty(nodes, dtype=np.int64),
        open=np.empty(nodes, dtype=np.int64),
        done=np.empty(nodes, dtype=np.bool_),
        tried=np.empty(nodes, dtype=np.int64),
        reached=np.empty(nodes, dtype=np.int64),
        who=np.empty(nodes, dtype=np.int64),
        row=np.empty(units + 1, dtype=np.int64),
    )
    seats = (_sealed(terms), _sealed(places), people, steps, flow, search)
    rounds: int = _transport(*seats, unit_of)
    if rounds < 0:
        raise RuntimeError("The kernel found no way to repair its plan; nothing was decided.")
    price -= price[units]
    unit_of[chosen] = np.where(people.at < units, people.at, NOBODY)
    return rounds


@compiled(types.void(_TERMS, _VECTOR, _TABLE, _OUT))
def _least_steps(terms: Terms, unit_of: Any, steps: Any, row: Any) -> None:
    sink = terms.cost.shape[1]
    for person in range(terms.cost.shape[0]):
        _fill(terms, person, row)
        now = unit_of[person]
        node = now if now >= 0 else sink
        own, least = row[node], steps[node]
        for other in range(sink + 1):
            least[other] = min(least[other], row[other] - own)


def least_steps(terms: Terms, unit_of: Any) -> Any:
    """Find the least change of cost by which anybody goes from node to node under a plan.

    Returns
    -------
    NDArray
        int64, shape (units + 1, units + 1), the sink being last; ``FAR // 2`` or more where nobody
        can go.
    """
    nodes = terms.cost.shape[1] + 1
    steps = np.full((nodes, nodes), FAR, dtype=np.int64)
    _least_steps(_sealed(terms), _in_one_piece(unit_of), steps, np.empty(nodes, dtype=np.int64))
    return steps


@compiled(types.void(_TABLE))
def _shortest_paths(paths: Any) -> None:
    nodes = len(paths)
    for through in range(nodes):
        onwards = paths[through]
        for a in range(nodes):
            row, first = paths[a], paths[a, through]
            if first < FAR // 2:
                for b in range(nodes):
                    row[b] = min(row[b], first + onwards[b])


def shortest_paths(steps: Any) -> Any:
    """Give the length of the shortest path from every node to every node (Floyd and Warshall).

    Parameters
    ----------
    steps
        Length of the steps, ``FAR`` where there is none; int64, shape (nodes, nodes).

    Returns
    -------
    NDArray
        The same shape; a node has a negative path to itself where a cycle has a negative length.
    """
    paths = np.array(steps, dtype=np.int64, order="C")
    _shortest_paths(paths)
    return paths


@compiled(types.boolean(_TERMS, _VECTOR, _array(_I8, 2), _array(_I4, 2, writable=True), _OUT))
def _forcing(terms: Terms, unit_of: Any, back: Any, out: Any, row: Any) -> bool:
    units = terms.cost.shape[1]
    whole = True
    for person in range(terms.cost.shape[0]):
        _fill(terms, person, row)
        now = unit_of[person]
        node = now if now >= 0 else units
        own, way, costs = row[node], back[node], out[person]
        for unit in range(units):
            total = row[unit] - own + way[unit]
            if row[unit] >= FAR // 2 or way[unit] >= NO_PATH:
                costs[unit] = FORBIDDEN
            else:
                whole &= total < FORBIDDEN
                costs[unit] = min(total, FORBIDDEN - 1)
    return whole


def forcing(terms: Terms, unit_of: Any, paths: Any) -> Any:
    """Give what it costs everybody to hold each person in each unit instead.

    Parameters
    ----------
    terms, unit_of
        What pairs cost, in a scale of 1, and the places of an optimal plan; int64, -1 for none.
    paths
        Shortest paths of its residual graph between units and the sink, the sink being last.

    Returns
    -------
    NDArray
        int32, shape (people, units); ``FORBIDDEN`` where the pair must not be used.
    """
    out = np.empty(terms.cost.shape, dtype=np.int32)
    back = np.ascontiguousarray(paths.T)
    row = np.empty(terms.cost.shape[1] + 1, dtype=np.int64)
    if not _forcing(_sealed(terms), _in_one_piece(unit_of), back, out, row):
        raise OverflowError("Forcing costs exceed 32 bits; lower the prices of limits.")
    return out


@compiled(types.void(_array(_I4, 2), _VECTOR, _VECTOR, _array(_BIT, 1, writable=True), _OUT))
def _compare_units(cost: Any, first: Any, second: Any, differ: Any, only: Any) -> None:
    people, units = cost.shape
    left = len(first)
    for person in range(people):
        row = cost[person]
        choices = 0
        for unit in range(units):
            if row[unit] < FORBIDDEN:
                choices += 1
                only[person] = unit
                if choices > 1:
                    only[person] = NOBODY
                    break
        if choices < 2:
            continue
        for pair in range(left):
            if not differ[pair]:
                differ[pair] = row[first[pair]] != row[second[pair]]


def compare_units(cost: Any, first: Any, second: Any) -> tuple[Any, Any]:
    """Say which pairs of units cost somebody with a choice differently, and who has none.

    Returns
    -------
    tuple of NDArray
        bool, shape (pairs,); and the only unit of each person, or -1, int64, shape (people,).
    """
    differ = np.zeros(len(first), dtype=np.bool_)
    only = np.full(len(cost), NOBODY, dtype=np.int64)
    _compare_units(_in_one_piece(cost), _in_one_piece(first), _in_one_piece(second), differ, only)
    return differ, only
