"""The demonstration: a customer from `deploy/demo/`, and a brief from its request to its delivery.

Every step is an HTTP request by the person whose task it is, with their own token. All names, prices and
places come from files."""
