"""People who do not exist: how the synthetic population is made to match published totals.

Real records are confidential, so the model carries a population of the true size and shape.
Read in this order:

``settings``         what is assumed beside the tables
``balance``          margins met exactly: Furness balancing and controlled rounding
``dealing``          published totals and assumed weights, dealt out to people
``characteristics``  status, category, age, offence, needs: what decides where someone may be held
``circumstances``    sentence, holds, preference, relatives
``homes``            home, court and release areas, by a gravity model
``contacts``         family and friends outside

:mod:`data.synthetic_validation` sets what comes out beside published figures.
"""
