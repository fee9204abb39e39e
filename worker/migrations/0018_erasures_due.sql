-- What is due next in each state, for the list of a site's erasures: a page of it reads what it shows and not those that ended.
CREATE INDEX erasures_due ON erasures (state, site, due_at);

-- Those whose entry in the ledger is due, for the sweep of each minute.
CREATE INDEX erasures_unledgered ON erasures (id) WHERE ledgered = 0;
