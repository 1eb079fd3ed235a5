"""The demonstration: a customer from `deploy/demo/`, and a brief carried from the request to the delivery.

Every step is an HTTP request by the right person with their own token; nothing here knows a name, a price
or a place that does not stand in a file.
"""
