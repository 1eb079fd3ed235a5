"""The smallest service on the kit that takes a command and tells of it: the first half of the kit's pair."""
