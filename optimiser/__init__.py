"""Who is held where: the cheapest plan for families and the estate, with a proof.

- ``policy``: ``AllocationPolicy``, the weights and limits a decision maker sets.
- ``eligibility``: who may be held where, one rule a function.
- ``fit``: what the rules table makes of the rules; ``rules_in_force``, ``fit``, ``eligible``.
- ``cost``: what a placement costs, in pounds over the expected stay; ``need``.
- ``build``: tables to a problem; ``Inputs``, ``Build``, ``build_problem``, ``shortfall``.
- ``problem``: ``AllocationProblem``, labelled integer arrays; ``save_problem``, ``load_problem``.
- ``solve``: problem in, placements and prices out; the only module that knows OR-Tools.
- ``alike``: units that are the same to everyone, solved as one and told apart afterwards.
- ``duals``: exact prices from a plan, by shortest paths between units.
- ``budget``: the price of a move that keeps a plan within its number of moves.
- ``prices``: the value of one place more and the cost of one fewer, in every unit.
- ``certify``: is this answer feasible and optimal? Knows no solver.
- ``floor``: the least miles any placement could reach, and what chance would give.
- ``allocation``: ``Allocation``, ``SolveStatus``, ``InfeasibleAllocationError``.
- ``moves``: the moves of a plan, why each is made and what it destroys.
- ``allocate``: ``allocate()``, the whole of it; ``observe()``, the same tables for today.
"""
