"""The pages of the app: layout and words. They read stored runs and compute nothing.

``start``       the three questions, and the way to each answer
``overview``    the answer in four numbers and one map
``allocation``  who moves, how far families travel, where a place is worth most
``visits``      contact, waits and refusals, who gains and who loses, and what it costs
``hall``        one prison's hall on one day, moment by moment
``compare``     two runs or more: what differs, what the change is made of, who loses
``scenario``    a scenario from a question, a file or one that is kept; changed, kept and run
``sources``     every setting, table and assumption, with its source
``runs``        a new run in the background, with progress and cancel
``data``        a user's own tables: brought, checked, used
``_builder``    the scenario that is being written
``_effects``    what one run changes beside another, kept for the next page
``_state``      the chosen run and its stored tables
``_who``        who is reading, and what they may see
``_data``       the tables that runs of this session are made on
``_export``     the one way out: tables as a file, noted
``_show``       how words, numbers, charts and tables are put on the page
"""
