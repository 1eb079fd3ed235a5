"""The smallest service on the kit that hears of something and writes it down: the second half of the pair."""
