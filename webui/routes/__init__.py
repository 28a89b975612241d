"""One module per page. Each gives a router made from exactly the parts it needs."""
