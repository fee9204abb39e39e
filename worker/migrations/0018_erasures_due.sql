-- What is due next in each state, for the list of a site's erasures: a page of it reads what it shows and not those that ended.
CREATE INDEX erasures_due ON erasures (state, site, due_at);
