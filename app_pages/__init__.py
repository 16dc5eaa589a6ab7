"""The pages of the app: layout and words. They read stored runs and compute nothing.

``start``       the three questions, and the way to each answer
``overview``    the answer in four numbers and one map
``allocation``  who moves, how far families travel, where a place is worth most
``visits``      waits, refusals, hall and video use
``compare``     two runs side by side, with the lines that differ
``sources``     every setting, table and assumption, with its source
``runs``        a new run in the background, with progress and cancel
``_state``      the chosen run and its stored tables
``_who``        who is reading, and what they may see
``_show``       how words, numbers, charts and tables are put on the page
"""
