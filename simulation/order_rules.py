"""Sessions that ask for a certain order, or for none: what a person may book, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from data.words import OrderRule
from simulation.orders import Orders
from simulation.slots import SlotCalendar
from simulation.timetable import ORDER_RULES, DatedSlots, WeeklySlots, bits


def without_order(weekly: WeeklySlots) -> int:
    """Give the positions of the week, as bits, for which nobody needs an order."""
    return bits(weekly.order_rule == ORDER_RULES.index(OrderRule.NO_ORDER))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OrderRules:
    """The order that each slot of one establishment asks for.

    Attributes
    ----------
    of_slot
        Rule of each slot; empty where a visit order and a privileged one will do.
    positions
        Slots of the window by rule, as bits.
    """

    of_slot: list[str]
    positions: dict[str, int]

    @property
    def ask_for_either(self) -> bool:
        """Whether every session takes either order or asks for none."""
        asked = (OrderRule.VISIT_ORDER, OrderRule.PRIVILEGED_ORDER)
        return not any(self.positions[rule] for rule in asked)

    @classmethod
    def of(cls, sessions: DatedSlots, calendar: SlotCalendar) -> OrderRules | None:
        """Gather the rules of the slots; ``None`` when every one takes either order.

        Parameters
        ----------
        sessions
            The dated slots.
        calendar
            Repeats positions of one week for the weeks of its window.
        """
        rule = sessions.weekly.order_rule
        if not rule.any():
            return None
        return cls(
            of_slot=np.array(ORDER_RULES, dtype=object)[rule[sessions.position]].tolist(),
            positions={
                word: calendar.every_week(bits(rule == number))
                for number, word in enumerate(ORDER_RULES)
            },
        )

    def within(self, orders: Orders, person: int, day: int) -> int:
        """Give the slots of the window, as bits, that a person's orders let them book.

        Parameters
        ----------
        orders
            Of the establishment's people.
        person, day
            Who asks, and when.
        """
        ordinary, privileged = orders.by_kind(person, day)
        slots = self.positions[OrderRule.NO_ORDER]
        if ordinary:
            slots |= self.positions[OrderRule.VISIT_ORDER]
        if privileged:
            slots |= self.positions[OrderRule.PRIVILEGED_ORDER]
        if ordinary or privileged:
            slots |= self.positions[""]
        return slots
