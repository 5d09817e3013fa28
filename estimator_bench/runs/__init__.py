"""From a request to stored scores: plan, engine, store. The only place that writes results."""
