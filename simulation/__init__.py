"""The simulated year: families ask to visit, book, come, call by video or give up.

The only package that imports SimPy. An allocation reaches it as a plain ``placements`` table.

Modules, in the order a reader needs them:

``build``       ``build_inputs``: from tables to what a year depends on
``simulate``    ``SimulationInputs`` and ``simulate``: one prison, one year
``replicate``   ``replicate`` and ``count``: a block of prisons as a task; ``intervals`` over many
``measures``    ``tally`` and ``estate_totals``: logs of visits to measures
``tallies``     ``Tally``: counts and sums as plain columns
``demand``      ``DemandSettings``, ``keep_share`` and when families ask
``regime``      ``VisitsRegime`` and the session templates under it
``video``       ``VideoRegime`` and the stations under it
``video_desk``  the story of a video call
``allowance``   who is granted which visit orders
``orders``      visit orders in hand: spent, lapsed, given back
``arrivals``    ``Askings``: those who ask, in the order of the clock
``agenda``      what is set off for later
``asking``      channels, and how requests are made
``choices``     what a request settles for
``mood``        what families make of a bad experience, as ``mood_settings`` say
``booking``     the story of a request: search the window, book, wait or give up
``attendance``  the story of a visit: who came, who did not
``timetable``   from weekly templates to dated slots
``sessions_held`` how often each session was held, and its staff hours
``slots``       a calendar of free tables or stations
``order_rules`` which order a session asks for
``own_rules``   party sizes and channels by prison
``coming``      what school, work and trains let a party do
``open_days``   bank holidays, closures and family days
``probe``       whether the entitlement could be had
``calling``     who calls, from where, and what goes wrong
``stays``       from dated transfers to stays
``transfers``   what goes along with a person who is moved
``contact``     how long people go without contact, and why
``place``       the people and parties of one establishment as arrays
``start_state`` bookings and orders that are there on the first day
``contact_centre`` a telephone line: agents, priorities, patience, redial
``line_tables`` calls, agents and what became of calls, as tables
``line``        who rings which line, when it is open, who answers
``together``    prisons that share a line, played from one open day to the next
``ringing``     who rings day by day, and what the desks make of the answers
``line_measures`` what happened on lines as measures
``early_days``  the first days: first call, cleared numbers, first visit
``safety_line`` calls of families who fear for somebody
``need``        the need of family work of each prison
``family_levels`` the same year with more or fewer of them
``casework``    cases, workers and their hours
``family_workers`` who comes to the family workers, and what a year of them gives
``family_measures`` what they did as measures
``log``         ``VisitOutcome`` and ``VisitLog``: append-only rows, then a table
``bounds``      settings out of range, in words
``clock``       ``Calendar``: simulation minutes, dates and weekdays
``spells``      spells that begin by draw and last
``streams``     one named column of draws per purpose
``compiled``    the modules that are run as machine code where they can be
"""

from pathlib import Path

from simulation.compiled import folders

__path__ = [*folders(Path(__path__[0])), *__path__]
